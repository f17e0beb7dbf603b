"""docs/cli.md says how every command ends, and it does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from bench.addresses import BENCH, BOARD
from bench.board import ROOT
from bench.cli import COMMANDS, main
from bench.tests.elf import UD2, with_code_at

PAGE = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """The rows below a heading that begin with a command, by its name."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [re.split(r" *\| *", line)[1:-1] for line in section.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[1:] for row in rows}


def commands() -> dict[str, click.Command]:
    """All commands, and those below the groups, by their words."""
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= {f"{name} {below}": one for below, one in command.commands.items()}
        else:
            found[name] = command
    return found


def test_every_command_has_its_exit_codes() -> None:
    assert table("Exit codes").keys() | {"run"} == set(COMMANDS)


def test_every_command_with_json_has_its_schema() -> None:
    with_json = {
        name for name, command in commands().items() if any("--json" in one.opts for one in command.params)
    }
    assert with_json == set(table("For programs: `--json`"))
    assert {"run", "cases run", "doctor", "perf", "compare", "matrix", "firmware", "inject"} <= with_json


def test_every_option_says_what_it_does() -> None:
    for name, command in commands().items():
        assert command.help, name
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts[0]}"


def ends(*arguments: str | Path) -> int:
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False).exit_code


@pytest.fixture(scope="module")
def ping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A capture with a ping to the board."""
    path = tmp_path_factory.mktemp("capture") / "ping.pcap"
    request = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP()
    wrpcap(str(path), [request])
    return path


@pytest.mark.parametrize("command", [name for name in commands() if name != "run"])
def test_an_option_that_is_wrong_ends_with_2(command: str) -> None:
    assert ends(*command.split(), "--nonsense") == 2


def test_an_option_that_is_wrong_ends_run_with_252() -> None:
    assert ends("run", "--nonsense") == 252


def test_the_codes_of_single_commands(tmp_path: Path, ping: Path) -> None:
    crashes = with_code_at("icmp_input", UD2, tmp_path / "bad.elf")
    assert ends("inject", ping) == 0
    assert ends("inject", ping, "--firmware", crashes) == 1
    assert ends("inject", tmp_path / "none.pcap") == 2
    assert ends("ladder", ping, "-o", tmp_path / "ping.svg") == 0
    assert ends("ladder", tmp_path / "none.pcap") == 2
    assert ends("report", tmp_path) == 2
    assert ends("compare", "quark", "steam") == 2
    assert ends("firmware", "--app", tmp_path / "none.py") == 2
    assert ends("completion", "zsh") == 0
    assert ends("matrix", "--list") == 0
    assert ends("matrix", "--shard", "9/3") == 2
    assert ends("cases", "list", "no-such-case") == 2
    assert ends("perf", "--only", "no-such-figure") == 2
    assert ends("mutants", "no-such-mutant") == 2
    assert ends("renode", "--firmware", tmp_path / "none.elf") == 2
