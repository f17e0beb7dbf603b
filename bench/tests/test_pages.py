"""The examples of a page of docs/ are one test file; it runs as the page says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from robot.running import TestSuiteBuilder

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", ["concepts", "crafting", "api/ladder", "api/pytest"])
def test_every_example_passes_as_printed(page: str, tmp_path: Path) -> None:
    written = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    text = "\n\n".join(re.findall(r"```python\n(.*?)```", written, re.DOTALL))
    (tmp_path / "test_crafted.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "test_crafted.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(re.findall(r'^def test_', text, re.MULTILINE))} passed" in done.stdout


def test_every_option_of_the_plugin_is_listed() -> None:
    plugin = (ROOT / "bench" / "pytest_plugin.py").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "api" / "pytest.md").read_text(encoding="utf-8")
    options = set(re.findall(r'addoption\("(--[\w-]+)"', plugin))
    assert options == set(re.findall(r"^\| `(--[\w-]+)` \|", page, re.MULTILINE))


def test_captures_that_pages_name_are_those_of_tests() -> None:
    named: set[tuple[str, str]] = set()
    for page in (ROOT / "docs").glob("*.md"):
        named |= set(
            re.findall(r"reports/robot/captures/(\w+)/(\w+)\.pcapng", page.read_text(encoding="utf-8"))
        )
    assert named
    for suite, test in named:
        lines = (ROOT / "bench" / "robot" / f"{suite}.robot").read_text(encoding="utf-8").splitlines()
        assert test in {re.sub(r"\W+", "_", line.strip()).lower() for line in lines}, f"{suite}: {test}"


def test_the_number_of_robot_tests_that_a_page_shows_is_theirs() -> None:
    tests = TestSuiteBuilder().build(ROOT / "bench" / "robot").test_count
    page = (ROOT / "docs" / "getting_started.md").read_text(encoding="utf-8")
    assert re.findall(r"^(\d+) tests: (\d+) passed", page, re.MULTILINE) == [(str(tests), str(tests))]
