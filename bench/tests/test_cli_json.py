"""With --json a command prints JSON on standard output and nothing else there, whatever comes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether
from scapy.utils import wrpcap

from bench.addresses import BENCH, BOARD
from bench.cli import main
from bench.tests.elf import UD2, with_code_at
from bench.tests.test_robot import ECHO, HEAD


def ask(*arguments: str | Path, status: int = 0) -> Any:
    """What a command prints on standard output, which has to be JSON from the first byte to the last."""
    result = CliRunner().invoke(main, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def test_a_run_tells_its_tests(tmp_path: Path) -> None:
    suite = tmp_path / "own.robot"
    suite.write_text(HEAD + ECHO.format(name="Good") + "Bad\n    Fail    on purpose\n")
    told = ask("run", suite, "--report", tmp_path / "report", status=1)
    assert (told["exit_code"], told["passed"], told["failed"], told["skipped"]) == (1, 1, 1, 0)
    assert told["interrupted"] is False
    assert told["about"]["Seed"] == "1"
    assert Path(told["reports"]) == tmp_path / "report"
    assert [(test["suite"], test["name"], test["status"]) for test in told["tests"]] == [
        ("Own", "Good", "PASS"),
        ("Own", "Bad", "FAIL"),
    ]
    assert "on purpose" in told["tests"][1]["message"]


def test_what_cannot_run_prints_no_json() -> None:
    result = CliRunner().invoke(main, ["run", "nothing", "--json"])
    assert (result.exit_code, result.stdout) == (252, "")


def test_json_of_run_after_run_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["run", "masking", "--json", "--watch", "--report", str(tmp_path)])
    assert result.exit_code == 252
    assert "--watch" in result.stderr


def test_cases_tell_their_verdicts(tmp_path: Path) -> None:
    folder = ("--report", tmp_path)
    told = ask("cases", "run", "7", *folder)
    assert told["complete"] and told["passed"] == len(told["cases"]) > 0
    assert json.loads((tmp_path / "results.json").read_text()) == told


def test_the_firmware_tells_its_sizes() -> None:
    told = ask("firmware")
    assert Path(told["elf"]).name == "ws_bench.elf"
    assert len(told["sha256"]) == 64
    assert told["stack"] == "lwip"
    sizes = told["sizes"]
    assert sizes["static_ram"] + sizes["stack"] + sizes["heap"] == sizes["sram"] == 80 * 1024
    assert all(0 < bank["used"] <= bank["size"] for bank in sizes["banks"])


def test_the_doctor_tells_what_it_found() -> None:
    told = json.loads(CliRunner().invoke(main, ["doctor", "--json"]).stdout)
    assert {"can_run", "findings"} == set(told)


def test_perf_tells_figures() -> None:
    told = ask("perf", "--only", "*snapshot*", "--runs", "1")
    assert told["figures"] and all("name" in figure for figure in told["figures"])


def test_a_comparison_tells_differences() -> None:
    told = ask("compare", "quark", "quark", "exchange")
    assert (told["same"], told["different"], told["skipped"]) == (1, 0, 0)
    assert told["stimuli"][0]["verdict"] == "same"


def test_the_matrix_tells_names_of_cases() -> None:
    names = ask("matrix", "--list", "--layer", "ethernet", "--state", "listen")
    assert names and all(isinstance(name, str) for name in names)


def test_a_ladder_tells_what_it_shows(tmp_path: Path) -> None:
    capture = tmp_path / "ping.pcap"
    wrpcap(str(capture), [Ether() / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP()])
    told = ask("ladder", capture)
    assert Path(told["picture"]).read_text().startswith("<svg ")
    assert {told["left"], told["right"]} == {BENCH.ip, BOARD.ip}
    assert (told["frames"], told["of"]) == (1, 1)


@pytest.mark.parametrize("crashes", [False, True])
def test_inject_tells_frames_and_health(tmp_path: Path, crashes: bool) -> None:
    ping = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP() / b"hello"
    capture = tmp_path / "ping.pcap"
    wrpcap(str(capture), [ping])
    firmware = ("--firmware", with_code_at("icmp_input", UD2, tmp_path / "bad.elf")) if crashes else ()
    told = ask("inject", capture, *firmware, status=1 if crashes else 0)
    assert told["healthy"] is not crashes
    assert ("guest fault" in str(told["fault"])) is crashes
    first = told["frames"][0]
    assert (first["direction"], bytes.fromhex(first["data"])[:14]) == ("to-board", bytes(ping)[:14])
    assert told["as_recorded"] is None
