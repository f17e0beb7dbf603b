"""In a project every command tests its application, and says so on the screen and in its results."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from bench.addresses import BENCH, BOARD
from bench.board import DEFAULT_FIRMWARE
from bench.cli import main
from bench.scaffold import create_project
from emulation.firmware.sources import sha256_of

PROGRAM = "main.py, beside the firmware, compiled on the board"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of `bench new`, which needs no compiler."""
    folder = tmp_path_factory.mktemp("projects") / "demo"
    create_project(folder)
    path = folder / "bench.toml"
    path.write_text(path.read_text().replace("# freeze = true ", "freeze = false "))
    request = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP()
    wrpcap(str(folder / "ping.pcap"), [request])
    return folder


@pytest.fixture
def demo(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def bench(line: str) -> Result:
    return CliRunner().invoke(main, line.split(), catch_exceptions=False)


def target(demo: Path) -> dict[str, Any]:
    elf = demo / "build" / "firmware" / "placed_ws_bench.elf"
    return {"program": PROGRAM, "firmware": str(elf), "sha256": sha256_of(elf), "stack": "lwip"}


def check(demo: Path, result: Result, told: dict[str, Any]) -> None:
    """The result file and the screen name the application, and not the bench's own firmware."""
    wanted = target(demo)
    assert {key: told[key] for key in wanted} == wanted
    assert told["sha256"] != sha256_of(DEFAULT_FIRMWARE)
    assert re.search(rf"^Program: +{PROGRAM}$", result.stderr, re.MULTILINE), result.stderr
    assert f"placed_ws_bench.elf, SHA-256 {wanted['sha256'][:16]}" in result.stderr
    assert re.search(r"^Stack: +lwip$", result.stderr, re.MULTILINE)


def test_cases(demo: Path) -> None:
    result = bench("cases run 7 http-48 --json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    check(demo, result, told)
    assert "THERE?" in told["server"]
    assert told["skipped"] == 0
    assert json.loads((demo / "reports" / "cases" / "results.json").read_text()) == told


def test_inject(demo: Path) -> None:
    result = bench("inject ping.pcap --json")
    assert result.exit_code == 0, result.output
    check(demo, result, json.loads(result.stdout))


def test_perf(demo: Path) -> None:
    result = bench("perf --only boot --runs 1 --json")
    assert result.exit_code == 0, result.output
    check(demo, result, json.loads(result.stdout))


def test_compare(demo: Path) -> None:
    result = bench(f"compare quark {DEFAULT_FIRMWARE} exchange --json")
    assert result.exit_code == 1, "the application answers in capitals, the bench's own firmware echoes"
    one, other = json.loads(result.stdout)["firmwares"]
    assert one == target(demo)
    assert other["sha256"] == sha256_of(DEFAULT_FIRMWARE)
    left = re.escape(f"{PROGRAM}, placed_ws_bench.elf, SHA-256 {one['sha256'][:16]}, stack lwip")
    assert re.search(rf"^left: +quark \(.*\), {left}$", result.stderr, re.MULTILINE), result.stderr


def test_run_and_shell(demo: Path) -> None:
    result = bench("run --json --test Text*")
    assert result.exit_code == 0, result.output
    about = json.loads(result.stdout)["about"]
    assert (about["Program"], about["Stack"]) == (PROGRAM, "lwip")
    assert target(demo)["sha256"][:16] in about["Firmware"]
    result = CliRunner().invoke(main, ["shell", "--exec", "print(board.firmware)"])
    assert result.stdout.strip() == target(demo)["firmware"]
    assert PROGRAM in result.stderr


def test_the_matrix_judges_no_other_servers_and_says_so(demo: Path) -> None:
    result = bench("matrix --sample 1 --json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "error: the matrix cannot judge main.py" in result.stderr
    assert "`bench cases run --all` judges" in result.stderr
    assert not (demo / "reports" / "matrix").exists()


def test_a_state_that_is_none_of_its_server_is_an_error(demo: Path) -> None:
    result = bench("inject ping.pcap --state upgraded")
    assert result.exit_code == 2
    assert "error: the firmware cannot be brought into a state" in result.stderr


def test_another_firmware_can_be_named_all_the_same(demo: Path) -> None:
    result = bench(f"cases run 7 --firmware {DEFAULT_FIRMWARE} --json --report other")
    told = json.loads(result.stdout)
    assert (told["program"], told["sha256"]) == (None, sha256_of(DEFAULT_FIRMWARE))
    assert told["server"] == "port 8080, echoes"
