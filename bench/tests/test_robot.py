"""Suites run as users run them: in a process of their own, on the real firmware, whole or with a defect."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.board import ROOT
from bench.report.figures import read_figures
from bench.tests.elf import JUMP_TO_SELF, UD2, real_firmware, with_code_at

HEAD = """\
*** Settings ***
Documentation       A suite of a user's own.
Library             bench.robot.BoardLibrary

*** Test Cases ***
"""

CONCLUDING = HEAD.replace("BoardLibrary\n", "BoardLibrary\nTest Teardown       Conclude Test\n")

ECHO = """\
{name}
    Open WebSocket
    Send Masked Text    {name}
    Text Should Arrive    {name}

"""

OVER_IPV6 = """\
Over IPv6
    Open WebSocket    ipv6=True
    Send Masked Text    hello
    Text Should Arrive    hello

"""


@dataclass
class Run:
    """What a run of `bench run` left behind."""

    status: int
    out: str
    err: str
    report: Path

    def results(self) -> dict[str, tuple[str, str]]:
        """Status and message of each test."""
        tree = ElementTree.parse(self.report / "output.xml")
        return {
            test.attrib["name"]: (test.find("status").attrib["status"], test.find("status").text or "")  # type: ignore[union-attr]
            for test in tree.iter("test")
        }

    def captures(self) -> dict[str, bytes]:
        """Captures by path within the report folder."""
        folder = self.report / "captures"
        return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.glob("**/*.pcapng"))}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "bench", "run", *map(str, arguments)]


def run(tmp_path: Path, suite: str, *arguments: str | Path, report: str = "report") -> Run:
    path = tmp_path / "own.robot"
    path.write_text(suite)
    done = subprocess.run(
        command(path, "--report", tmp_path / report, *arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Run(done.returncode, done.stdout, done.stderr, tmp_path / report)


def test_a_suite_leaves_reports_and_one_capture_for_each_test(tmp_path: Path) -> None:
    result = run(tmp_path, HEAD + ECHO.format(name="First one") + ECHO.format(name="Second one"))
    assert result.status == 0, result.out + result.err
    for name in ("summary.html", "report.html", "log.html", "output.xml", "xunit.xml"):
        assert (result.report / name).stat().st_size > 0
        assert str(result.report / name) in result.out
    assert "2 tests: 2 passed, 0 failed, 0 skipped" in result.out
    assert list(result.captures()) == ["own/first_one.pcapng", "own/second_one.pcapng"]
    assert b"First one" in result.captures()["own/first_one.pcapng"]
    status, message = result.results()["First one"]
    assert status == "PASS"
    assert re.match(r"\d+ frames to the board, \d+ from it, [\d.]+ virtual ms", message)


def test_the_summary_goes_onto_the_page_of_a_ci_job_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "job.md"
    page.write_text("What an earlier step has said.\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    result = run(tmp_path, HEAD + ECHO.format(name="One") + "Wrong\n    Fail    as it should\n")
    written = (result.report / "summary.md").read_text()
    assert page.read_text() == "What an earlier step has said.\n" + written
    assert "✗ 2 tests: 1 passed, 1 failed, 0 skipped" in written
    assert (result.report / "engines" / "quark.xml").exists()


def test_a_run_is_held_against_the_one_whose_reports_it_replaces(tmp_path: Path) -> None:
    run(tmp_path, HEAD + ECHO.format(name="One") + "Wrong\n    Fail    as it should\n")
    again = HEAD + ECHO.format(name="One") + "Wrong\n    No Operation\n"
    result = run(tmp_path, again, "--baseline", tmp_path / "report")
    assert result.status == 0, result.out + result.err
    written = (result.report / "summary.md").read_text()
    assert "**Fixed (1)**\n\n* Own: Wrong\n" in written
    assert "virtual time" not in written.partition("### Suites")[0]  # the same, to the last digit


def test_a_run_leaves_its_figures_and_plots_them(tmp_path: Path) -> None:
    two = "Two Sizes\n    Open WebSocket\n    Echo Should Take At Most    1    1 s\n" + (
        "    Echo Should Take At Most    300    1 s\n    Close WebSocket\n\n"
    )
    result = run(tmp_path, CONCLUDING + two + ECHO.format(name="After"))
    assert result.status == 0, result.out + result.err
    first, second = read_figures(result.report / "figures.jsonl")
    assert (first.suite, first.name, first.status) == ("Own", "Two Sizes", "PASS")
    assert [operation[:2] for operation in first.operations] == [
        ("open", 0),
        ("text", 1),
        ("text", 300),
        ("close", 0),
    ]
    assert all(
        operation.instructions > 10_000 < operation.microseconds * 32 for operation in first.operations
    )
    assert len(first.heap) > 4 and all(sample.free > 0 for sample in first.heap)
    assert [operation[:2] for operation in second.operations] == [("open", 0), ("text", 5)]
    page = (result.report / "summary.html").read_text()
    for title in ("Time of an echo by payload", "Free heap over time", "Instructions by operation"):
        assert f"<h2>{title}</h2><figure><svg" in page


def test_a_job_page_that_cannot_be_written_is_a_complaint_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    result = run(tmp_path, HEAD + ECHO.format(name="One"))
    assert result.status == 0
    assert "cannot append to" in result.out


def test_the_report_says_engine_seed_and_firmware(tmp_path: Path) -> None:
    result = run(tmp_path, HEAD + ECHO.format(name="One"), "--seed", "7")
    tree = ElementTree.parse(result.report / "output.xml")
    metadata = {meta.attrib["name"]: meta.text for meta in tree.iter("meta")}
    assert re.fullmatch(r"quark \(embedded emulator, Unicorn 2\.\d+\.\d+\)", metadata["Engine"] or "")
    assert metadata["Seed"] == "7"
    assert str(metadata["Firmware"]).startswith("ws_bench.elf, SHA-256 ")


def test_the_same_seed_gives_the_same_captures_and_another_one_others(tmp_path: Path) -> None:
    suite = HEAD + ECHO.format(name="First one") + OVER_IPV6
    first = run(tmp_path, suite, "--seed", "1", report="1").captures()
    assert first == run(tmp_path, suite, "--seed", "1", report="2").captures()
    assert first != run(tmp_path, suite, "--seed", "2", report="3").captures()


def test_a_test_does_not_depend_on_those_before_it(tmp_path: Path) -> None:
    both = HEAD + ECHO.format(name="Before") + ECHO.format(name="After")
    whole = run(tmp_path, both, report="whole").captures()
    alone = run(tmp_path, both, "--test", "After", report="alone").captures()
    assert alone["own/after.pcapng"] == whole["own/after.pcapng"]


def test_a_failed_check_names_what_was_expected_and_what_came(tmp_path: Path) -> None:
    suite = HEAD + "Wrong\n    Open WebSocket\n    Send Masked Text    one\n    Text Should Arrive    two\n"
    result = run(tmp_path, suite)
    assert result.status == 1
    status, message = result.results()["Wrong"]
    assert status == "FAIL"
    assert "expected WebSocket text [FIN] b'two' (RFC 6455, section 5.6)" in message
    assert "came: WebSocket text [FIN] b'one'" in message
    assert "1 tests: 0 passed, 1 failed" in result.out


def evidence(result: Run, test: str) -> str:
    """What the log says about a test itself, outside of its keywords."""
    tree = ElementTree.parse(result.report / "output.xml")
    found = next(element for element in tree.iter("test") if element.attrib["name"] == test)
    return "".join(message.text or "" for message in found.findall("msg"))


def test_the_log_of_each_test_has_ladder_capture_console_and_figures(tmp_path: Path) -> None:
    wrong = "Wrong\n    Open WebSocket\n    Send Masked Text    one\n    Text Should Arrive    two\n\n"
    silent = "Silent\n    Open WebSocket\n    Text Should Arrive    two\n"
    result = run(tmp_path, CONCLUDING + ECHO.format(name="Right") + wrong + silent)
    right = evidence(result, "Right")
    assert "WebSocket text [FIN] b&#x27;Right&#x27;" in right
    assert 'class="frame deviates"' not in right
    assert 'href="captures/own/right.pcapng"' in right
    for figure in ("virtual ms", "million instructions", "bytes of heap free at least"):
        assert figure in right
    assert evidence(result, "Wrong").count('class="frame deviates"') == 1
    assert "✗ expected WebSocket text [FIN] b&#x27;two&#x27;" in evidence(result, "Wrong")
    assert "✗ nothing came" in evidence(result, "Silent")
    # What the teardown and the health check send is no part of the picture.
    assert "alive?" not in right
    assert "of teardown and health check, are in the capture" in right


@pytest.mark.parametrize(
    ("defect", "kind"), [(UD2, "exception"), (JUMP_TO_SELF, "spin")], ids=["crashes", "spins"]
)
def test_a_guest_that_fails_fails_its_test_with_evidence_and_the_run_goes_on(
    tmp_path: Path, defect: bytes, kind: str
) -> None:
    """The receive path of ICMPv6 is broken: only the test over IPv6 comes there."""
    elf = with_code_at("icmp6_input", defect, tmp_path / "defective.elf")
    result = run(
        tmp_path,
        CONCLUDING + ECHO.format(name="Before") + OVER_IPV6 + ECHO.format(name="After"),
        "--firmware",
        elf,
    )
    results = result.results()
    assert {name: status for name, (status, _) in results.items()} == {
        "Before": "PASS",
        "Over IPv6": "FAIL",
        "After": "PASS",
    }
    message = results["Over IPv6"][1]
    assert message.count(f"guest fault ({kind})") == 1
    assert "icmp6_input" in message
    assert re.search(r"eip=[0-9a-f]{8}", message)
    assert "ws_server: listening" in message
    assert result.status == 1
    assert "own/over_ipv6.pcapng" in result.captures()


def test_plain_robot_runs_a_suite_as_well(tmp_path: Path) -> None:
    suite = tmp_path / "own.robot"
    suite.write_text(HEAD + ECHO.format(name="One"))
    arguments = ["--outputdir", str(tmp_path / "out"), "--variable", "SEED:3", str(suite)]
    done = subprocess.run(
        [sys.executable, "-m", "robot", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "out" / "captures" / "own" / "one.pcapng").exists()


def test_plain_robot_says_what_is_wrong_with_the_firmware(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.elf"
    damaged.write_bytes(real_firmware().read_bytes()[:100])
    suite = tmp_path / "own.robot"
    suite.write_text(HEAD + ECHO.format(name="One"))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "robot",
            "--outputdir",
            str(tmp_path),
            "--variable",
            f"FIRMWARE:{damaged}",
            str(suite),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1
    assert str(damaged) in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_dry_run_asks_nothing_of_a_board(tmp_path: Path) -> None:
    """Not even that there is one: Robot only checks the suite."""
    suite = tmp_path / "own.robot"
    suite.write_text(CONCLUDING + ECHO.format(name="One") + "Wrong\n    No Such Keyword\n")
    arguments = ["--dryrun", "--variable", "FIRMWARE:/none.elf", "--outputdir", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-m", "robot", *arguments, str(suite)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "2 tests, 1 passed, 1 failed" in done.stdout
    assert "none.elf" not in done.stdout + done.stderr
    assert not (tmp_path / "out" / "captures").exists()
    assert not (tmp_path / "out" / "figures.jsonl").exists()


def test_plain_robot_does_not_write_captures_through_links(tmp_path: Path) -> None:
    """Those of a test go into a file of the run; for a folder of them that is a link the test fails."""
    out, precious = tmp_path / "out", tmp_path / "precious"
    (out / "captures" / "own").mkdir(parents=True)
    precious.mkdir()
    (precious / "one.pcapng").write_text("precious")
    (out / "captures" / "own" / "one.pcapng").symlink_to(precious / "one.pcapng")
    (tmp_path / "own.robot").write_text(HEAD + "One\n    No Operation\n")

    def robot() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "robot", "--outputdir", str(out), str(tmp_path / "own.robot")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    assert robot().returncode == 0
    assert (precious / "one.pcapng").read_text() == "precious"
    assert not (out / "captures" / "own" / "one.pcapng").is_symlink()
    shutil.rmtree(out / "captures")
    (out / "captures").symlink_to(precious)
    done = robot()
    assert done.returncode == 1
    assert "is a symbolic link" in done.stdout
    assert [path.name for path in precious.iterdir()] == ["one.pcapng"]


def test_what_a_health_check_is_told_to_expect_has_to_come(tmp_path: Path) -> None:
    suite = (
        HEAD.replace("Test Teardown    Conclude Test\n", "")
        + """\
Another Answer
    Board Should Be Healthy    answer=NONSENSE

Nobody Listens There
    Board Should Be Healthy    answer=${None}    port=9

A Sub Protocol Is Needed
    Board Should Be Healthy    answer=${None}    port=8082

A Sub Protocol Is Offered
    Board Should Be Healthy    port=8082    protocol=echo
"""
    )
    results = run(tmp_path, suite).results()
    assert [status for status, _ in results.values()] == ["FAIL", "FAIL", "FAIL", "PASS"], results
    assert "401" in results["A Sub Protocol Is Needed"][1]
