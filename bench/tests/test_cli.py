from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench import board
from bench.board import ROOT
from bench.cli import COMMANDS, main
from bench.cli.robot_status import INTERRUPTED, INVALID, UNEXPECTED
from bench.robot import session
from bench.tests.elf import UD2, real_firmware, with_code_at


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def refused(*arguments: str | Path) -> str:
    """The two lines on stderr of a command that cannot do what it was told."""
    result = bench(*arguments)
    assert result.exit_code == (INVALID if arguments[0] == "run" else 2), result.output
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("  what to do: ")
    return result.stderr


def test_help_lists_every_command_and_each_can_be_imported() -> None:
    listing = bench("--help").output
    for name in COMMANDS:
        assert name in listing
        assert bench(name, "--help").exit_code == 0


def test_an_unknown_command_is_answered_with_the_known_ones() -> None:
    message = refused("serve-coffee")
    assert "serve-coffee" in message
    assert ", ".join(COMMANDS) in message


def test_an_unknown_suite_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    message = refused("run", "maskng", "--report", tmp_path)
    assert "'maskng'" in message
    assert "masking, opening_handshake, payload_limits, performance, ping_pong" in message


def test_a_file_that_is_no_suite_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a suite")
    assert ".robot" in refused("run", path, "--report", tmp_path)


def test_a_report_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("in the way")
    assert "--report" in refused("run", "masking", "--report", path)


def test_a_report_folder_that_cannot_be_written_is_refused() -> None:
    assert "--report" in refused("run", "masking", "--report", "/proc/self/report")


def test_a_missing_firmware_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "none.elf"
    assert "--firmware" in refused("run", "masking", "--report", tmp_path, "--firmware", missing)
    monkeypatch.setattr(board, "DEFAULT_FIRMWARE", missing)
    assert "bench firmware" in refused("run", "masking", "--report", tmp_path)


@pytest.mark.parametrize("size", [0, 20, 60, 5000])
def test_a_damaged_firmware_is_refused(tmp_path: Path, size: int) -> None:
    damaged = tmp_path / "damaged.elf"
    damaged.write_bytes(real_firmware().read_bytes()[:size])
    assert str(damaged) in refused("run", "masking", "--report", tmp_path, "--firmware", damaged)


def test_a_firmware_that_is_no_elf_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.elf"
    text.write_text("#!/bin/sh\n")
    assert str(text) in refused("run", "masking", "--report", tmp_path, "--firmware", text)


def test_a_firmware_for_another_machine_is_refused(tmp_path: Path) -> None:
    """The interpreter that runs the tests is an ELF, too, but for the host."""
    interpreter = Path(sys.executable).resolve()
    if interpreter.read_bytes()[:4] != b"\x7fELF":
        pytest.skip("this system's programs are no ELF files")
    assert str(interpreter) in refused("run", "masking", "--report", tmp_path, "--firmware", interpreter)


def test_a_firmware_that_never_gets_ready_is_refused_with_what_it_printed(tmp_path: Path) -> None:
    result = bench("run", "masking", "--report", tmp_path, "--ready", "open for business")
    assert result.exit_code == INVALID
    assert "'open for business' did not appear" in result.stderr
    assert "ws_server: listening" in result.stderr
    assert "--ready" in result.stderr


def test_a_broken_platform_file_is_refused(tmp_path: Path) -> None:
    platform = tmp_path / "broken.repl"
    platform.write_text("cpu: CPU.X86 @\n")
    result = bench("run", "masking", "--report", tmp_path, "--platform", platform)
    assert result.exit_code == INVALID
    assert f"error: {platform}:2:1: expected" in result.stderr


@pytest.mark.parametrize("selection", [("--include", "no-such-tag"), ("--test", "No Such Test")])
def test_a_selection_without_tests_is_refused(tmp_path: Path, selection: tuple[str, str]) -> None:
    message = refused("run", "masking", "--report", tmp_path, *selection)
    assert selection[1].lower() in message.lower()


def test_a_suite_robot_cannot_read_is_refused(tmp_path: Path) -> None:
    suite = tmp_path / "empty.robot"
    suite.write_text("*** Settings ***\nDocumentation    No tests in here.\n")
    assert "no tests" in refused("run", suite, "--report", tmp_path / "report").lower()


def test_an_unknown_option_of_run_does_not_end_like_two_failed_tests() -> None:
    result = bench("run", "--sed", "7")
    assert result.exit_code == INVALID
    assert "--seed" in result.stderr


def test_a_firmware_that_fails_while_it_boots_ends_like_no_number_of_failed_tests(tmp_path: Path) -> None:
    elf = with_code_at("lwip_init", UD2, tmp_path / "defective.elf")
    result = bench("run", "masking", "--report", tmp_path / "report", "--firmware", elf)
    assert result.exit_code == UNEXPECTED
    assert "guest fault (exception)" in result.stderr
    assert "lwip_init" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_stopped_before_its_first_test_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(session, "configure", lambda settings: signal.raise_signal(number))
    result = bench("run", "masking", "--report", tmp_path)
    assert result.exit_code == INTERRUPTED
    assert result.stderr == "error: interrupted\n"
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("command", "status"), [("run", INTERRUPTED), ("cases", 130)])
def test_ctrl_c_while_a_command_is_imported_ends_it_as_later_on(
    monkeypatch: pytest.MonkeyPatch, command: str, status: int
) -> None:
    def interrupted(_name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("importlib.import_module", interrupted)
    result = bench(command)
    assert (result.exit_code, result.stderr) == (status, "error: interrupted\n")


@pytest.mark.parametrize(("command", "status"), [("run", INTERRUPTED), ("cases", 130)])
def test_ctrl_c_while_the_program_starts_is_no_traceback(command: str, status: int) -> None:
    program = (
        "import builtins, sys\n"
        "from bench import start\n"
        "real = builtins.__import__\n"
        "def interrupted(name, *more):\n"
        "    if name == 'bench.cli':\n"
        "        raise KeyboardInterrupt\n"
        "    return real(name, *more)\n"
        "builtins.__import__ = interrupted\n"
        f"sys.argv = ['bench', {command!r}]\n"
        "start.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, "error: interrupted\n")


def test_a_defect_of_the_bench_ends_like_no_number_of_failed_tests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "configure", lambda settings: 1 / 0)
    result = bench("run", "masking", "--report", tmp_path)
    assert result.exit_code == UNEXPECTED
    assert "ZeroDivisionError" in result.stderr


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    assert "quark" in refused("run", "masking", "--report", tmp_path, "--engine", "steam")


def test_figures_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert "--output" in refused("perf", "--runs", "1", "--output", tmp_path / "file" / "perf.json")


def test_the_package_runs_as_a_module_and_shows_no_traceback(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "bench", "run", "nothing", "--report", tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == INVALID
    assert result.stderr.startswith("error: there is no suite 'nothing'")
    assert "Traceback" not in result.stderr
