"""Every rule has a test, and docs/conformance.md says what the tests say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.conformance.rules import MUST, RULES, SHOULD
from tools.conformance.table import render, robot_suites, without_test

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "conformance.md"


def collect(folder: Path, *words: str) -> tuple[int, str]:
    """pytest's exit status and output for a collection; the plugin alone is loaded in other folders."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


def test_every_rule_has_a_test_and_the_page_is_up_to_date(tmp_path: Path) -> None:
    written = tmp_path / "conformance.md"
    status, output = collect(ROOT, "--conformance", str(written), "ws_server", "packet_tests")
    assert status == 0, output
    assert PAGE.read_text(encoding="utf-8") == written.read_text(encoding="utf-8"), (
        "docs/conformance.md is out of date; its first lines say how to write it"
    )


def own_test(folder: Path, *keys: str) -> None:
    marks = ", ".join(repr(key) for key in keys)
    (folder / "test_own.py").write_text(
        f"import pytest\n\n@pytest.mark.rfc6455({marks})\ndef test_x(): pass\n"
    )


PLUGIN = ("-p", "tools.conformance.plugin")


def test_a_rule_without_a_test_is_an_error(tmp_path: Path) -> None:
    own_test(tmp_path, *(rule.key for rule in RULES if rule.key != "5.1-unmasked"))
    status, output = collect(tmp_path, *PLUGIN, "--conformance", "table.md")
    assert status != 0
    assert "5.1-unmasked: A frame of the client that is not masked" in output
    assert "8.1-utf8" not in output
    assert not (tmp_path / "table.md").exists()


def test_a_marker_for_a_rule_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    own_test(tmp_path, "5.1-unmaksed")
    status, output = collect(tmp_path, *PLUGIN)
    assert status != 0
    assert "there is no rule '5.1-unmaksed'" in output


def test_no_rule_is_there_twice() -> None:
    assert len({rule.key for rule in RULES}) == len(RULES)
    assert len({rule.text for rule in RULES}) == len(RULES)


def test_rules_are_told_by_section_and_level() -> None:
    for rule in RULES:
        assert rule.level in (MUST, SHOULD)
        assert all(part.isdigit() for part in rule.section.split(".")), rule.key


def test_the_table_has_a_row_for_each_rule() -> None:
    covered = {rule.key: ["a/test_b.py::test_c"] for rule in RULES}
    page = render(covered, {"5.1": {"masking"}})
    assert not without_test(covered)
    for rule in RULES:
        robot = "[masking](../bench/robot/masking.robot)" if rule.section == "5.1" else ""
        tests = "[a/test_b.py](../a/test_b.py): `test_c`"
        assert f"| {rule.section} | {rule.level} | {rule.text} | {tests} | {robot} |" in page.splitlines()


def test_robot_suites_are_found_by_their_tags(tmp_path: Path) -> None:
    (tmp_path / "own.robot").write_text(
        "*** Test Cases ***\nOne\n    [Tags]    rfc6455-5.1    x\n    No Operation\n"
    )
    assert robot_suites(tmp_path) == {"5.1": {"own"}}
