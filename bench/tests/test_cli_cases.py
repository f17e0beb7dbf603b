"""`bench cases`: what is listed, shown and refused; runs on the board, whole and cut short."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bench.board import ROOT
from bench.cases import all_cases
from bench.cli import main
from bench.tests.elf import real_firmware
from emulation.firmware.sources import sha256_of


def bench(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["cases", *map(str, arguments)], catch_exceptions=False)


def test_the_list_names_every_case_and_json_has_the_same() -> None:
    listed = bench("list").output
    assert all(case.id in listed for case in all_cases())
    assert f"{len(all_cases())} cases" in listed
    entries = json.loads(bench("list", "--layer", "tcp", "--json").output)
    assert {entry["layer"] for entry in entries} == {"tcp"}
    assert {"id", "number", "state", "title", "expected", "source", "judged", "departure"} <= set(entries[0])


def test_a_case_is_shown_with_its_bytes_and_its_fields() -> None:
    shown = bench("show", "ipv4-08-header-length-4").output
    assert "RFC 791" in shown
    assert "44 00" in shown  # version 4, header length 4
    assert "ihl       = 4" in shown
    assert "silence" in shown
    framed = bench("show", "websocket-50-unmasked-text-1").output
    assert "WebSocket text [FIN]" in framed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run"], "--all"),
        (["run", "--all", "tcp-*"], "--all"),
        (["run", "tcp-28-data-ofset"], "tcp-28-data-offset"),
        (["show", "nothing-*"], "no case matches"),
        (["list", "--layer", "udp"], "the layers are"),
    ],
)
def test_a_mistake_is_told_in_one_line(arguments: list[str], said: str) -> None:
    result = bench(*arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 2
    assert said in result.stderr


def test_a_run_writes_results_and_a_capture_of_each_case(tmp_path: Path) -> None:
    real_firmware()
    folder = tmp_path / "deep"
    result = bench("run", "7", "ipv4-18-*", "tcp-37-*-data-ipv4", "--report", folder)
    assert result.exit_code == 0, result.output
    written = json.loads((folder / "results.json").read_text())
    assert written["stack"] == "lwip"
    assert written["sha256"] == sha256_of(real_firmware())
    assert f"SHA-256 {written['sha256'][:16]}" in result.output
    assert (written["passed"], written["departures"], written["failed"]) == (11, 2, 0)
    assert written["complete"] is True
    assert all(case["verdict"] != "departure" or case["reason"] for case in written["cases"])
    captures = {file.stem for file in folder.glob("*.pcapng")}
    assert captures == {case["id"] for case in written["cases"]}
    assert "13 cases: 11 passed, 2 known departures, 0 failed" in result.output
    assert "cases/s" in result.output


def test_an_interrupted_run_leaves_the_results_so_far(tmp_path: Path) -> None:
    real_firmware()
    folder = tmp_path / "results"
    command = [sys.executable, "-m", "bench", "cases", "run", "--all", "--report", folder]
    running = subprocess.Popen(
        list(map(str, command)), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        end = time.monotonic() + 60
        while len(list(folder.glob("*.pcapng"))) < 5 and time.monotonic() < end:
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        output = running.communicate(timeout=60)[0].decode()
    finally:
        running.kill()
    assert running.returncode == 130, output
    assert "interrupted" in output
    written = json.loads((folder / "results.json").read_text())
    assert written["complete"] is False
    assert 4 <= len(written["cases"]) < len(all_cases())
    assert {file.suffix for file in folder.iterdir()} == {".pcapng", ".json"}
    assert not [file for file in folder.iterdir() if file.name.startswith(".")]
