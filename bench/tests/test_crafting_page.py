"""The examples of docs/crafting.md are one test file; it runs as the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "crafting.md").read_text(encoding="utf-8")


def test_every_example_passes_as_printed(tmp_path: Path) -> None:
    text = "\n\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
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
