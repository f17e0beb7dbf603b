"""A mistake on the command line is one line that says what is wrong and one that says what to do."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.cli import main
from bench.cli.options import BOARD_OPTIONS
from bench.cli.robot_status import INVALID
from bench.tests.test_cli_page import commands
from emulation.paths import reports_folder


def refused(line: str, status: int = 2) -> tuple[str, str]:
    """Message and hint."""
    result = CliRunner().invoke(main, shlex.split(line), catch_exceptions=False, prog_name="bench")
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("  what to do: ")
    return error.removeprefix("error: "), hint.removeprefix("  what to do: ")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("serve --sed 7", "bench serve has no option --sed", "did you mean --seed? see `bench serve --help`"),
        ("cases run --lyer tcp", "bench cases run has no option --lyer", "did you mean --layer?"),
        ("inject x --qqqqqq", "bench inject has no option --qqqqqq", "see `bench inject --help`"),
        ("--nonsens", "bench has no option --nonsens", "see `bench --help`"),
        ("ladder", "missing argument 'CAPTURE'", "see `bench ladder --help`"),
        ("perf more", "got unexpected extra argument (more)", "see `bench perf --help`"),
        ("matrix --depth 7", "invalid value for '--depth': 7 is not in the range", "see `bench matrix"),
        (
            "inject x --stack ip",
            "invalid value for '--stack': 'ip' is not one of",
            "give one of: lwip, zephyr",
        ),
        ("mutants --jobs no", "invalid value for '--jobs'", "see `bench mutants --help`"),
        ("shel", "there is no command 'shel'", "did you mean shell? the commands are: run,"),
        ("zzzzzz", "there is no command 'zzzzzz'", "the commands are: run,"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(line: str, message: str, hint: str) -> None:
    said = refused(line)
    assert said[0].startswith(message)
    assert said[1].startswith(hint)


@pytest.mark.parametrize("line", ["run --sed 7", "run --stack ip", "run --spin-limit 0", "run --seed x"])
def test_bench_run_says_it_in_the_same_way_with_a_code_of_its_own(line: str) -> None:
    refused(line, INVALID)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--require pong", "there is no capability 'pong'"),
        ("--require tcp:99999", "there is no capability 'tcp:99999'"),
        ("--engine foo", "there is no engine 'foo'"),
        ("--firmware /nope.elf", "there is no firmware at /nope.elf"),
        ("--mac zz", "'zz' is no MAC address of a station"),
        ("--mac 01:00:00:00:00:01", "'01:00:00:00:00:01' is no MAC address of a station"),
        ("--ip 300.1.1.1", "'300.1.1.1' is no IPv4 address"),
        ("--firmware a.elf --stack lwip", "--firmware and --stack each name a firmware"),
        ("--firmware a.elf --ws-server x", "--firmware and --ws-server each name a firmware"),
    ],
)
def test_a_value_that_is_wrong_is_named_and_earlier_reports_survive(
    tmp_path: Path, options: str, message: str
) -> None:
    (tmp_path / "log.html").write_text("of an earlier run")
    assert refused(f"run masking --report {tmp_path} {options}", INVALID)[0].startswith(message)
    assert (tmp_path / "log.html").exists()


@pytest.mark.parametrize("command", ["serve --no-console", "shell --exec 1", "cases run 7", "matrix", "perf"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--engine foo", "there is no engine 'foo'"),
        ("--firmware /nope.elf", "there is no firmware at /nope.elf"),
        ("--mac zz", "'zz' is no MAC address"),
    ],
)
def test_other_commands_say_the_same(tmp_path: Path, command: str, options: str, message: str) -> None:
    report = f"--report {tmp_path}" if command.startswith(("cases", "matrix")) else ""
    assert refused(f"{command} {options} {report}")[0].startswith(message)


def test_all_commands_that_boot_a_board_have_the_same_options() -> None:
    names = {"--engine", "--firmware", "--stack", "--seed", "--platform", "--ready", "--ip", "--mac"}
    names |= {"--spin-limit"}
    assert len(names) == len(BOARD_OPTIONS)
    booting = ("run", "serve", "shell", "cases run", "inject", "matrix", "perf")
    for name, command in commands().items():
        has = {opt for each in command.params for opt in each.opts}
        if name in booting:
            assert names <= has, name
        assert not has & {"--out", "--captures", "--elf"}, name


def test_a_bad_project_ends_run_with_its_own_code_and_is_no_matter_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bench.toml").write_text("sede = 1\n")
    monkeypatch.chdir(tmp_path)
    for line in ("run", "serve", "cases run 7", "matrix --list", "perf"):
        status = INVALID if line == "run" else 2
        message, hint = refused(line, status)
        assert message == f"{tmp_path / 'bench.toml'}: there is no key 'sede'"
        assert hint.startswith("the keys are: ")
    assert CliRunner().invoke(main, ["completion", "bash"]).exit_code == 0
    assert CliRunner().invoke(main, ["run", "--help"]).exit_code in (0, INVALID)


def test_where_reports_go_without_a_project_is_said_in_the_help() -> None:
    for name, kind in (("run", "robot"), ("cases run", "cases"), ("matrix", "matrix")):
        option = next(each for each in commands()[name].params if each.name == "report")
        assert option.default == reports_folder() / kind
        assert f"[default: reports/{kind}" in str(getattr(option, "help", ""))
