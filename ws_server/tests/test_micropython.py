"""The same tables on MicroPython. Needs a Unix build of it with asyncio and SHA-1."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def find_micropython() -> str | None:
    candidates = [os.environ.get("MICROPYTHON"), *map(str, (PROJECT / "build").glob("**/micropython"))]
    for candidate in candidates:
        if candidate and os.access(candidate, os.X_OK) and Path(candidate).is_file():
            return candidate
    return shutil.which("micropython")


@pytest.mark.parametrize("variant", ["native", "pure"])
def test_tables_hold_on_micropython(variant: str) -> None:
    micropython = find_micropython()
    if micropython is None:
        pytest.skip("no MicroPython for this machine: set MICROPYTHON to a Unix build of it")
    result = subprocess.run(
        [micropython, "ws_server/tests/on_micropython.py", variant],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert f" 0 failed, {variant}" in result.stdout
