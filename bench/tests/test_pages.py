"""The examples of a page of docs/ are one test file; it runs as the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", ["concepts", "crafting"])
def test_every_example_passes_as_printed(page: str, tmp_path: Path) -> None:
    written = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    text = "\n\n".join(re.findall(r"```python\n(.*?)```", written, re.DOTALL))
    (tmp_path / "test_crafted.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "test_crafted.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(re.findall(r'^def test_', text, re.MULTILINE))} passed" in done.stdout
