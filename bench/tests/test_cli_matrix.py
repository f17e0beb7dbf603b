"""`bench matrix` and `bench inject`, on the real firmware and on one with a defect."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether
from scapy.utils import PcapWriter

from bench.addresses import BENCH, BOARD
from bench.board import ROOT
from bench.tests.elf import UD2, with_code_at
from bench.tests.test_cli import bench, refused
from emulation.tests.processes import expect_end, started_with

FEW = ("--layer", "icmp", "--sample", "6", "--jobs", "1")


def test_the_cases_are_listed_without_a_board() -> None:
    listed = bench("matrix", "--layer", "arp", "--list").output.splitlines()
    assert "arp/listen/op+1" in listed
    assert all(line.startswith("arp/listen/") for line in listed)


def test_a_run_shows_counts_and_keeps_results(tmp_path: Path) -> None:
    result = bench("matrix", *FEW, "--report", tmp_path)
    assert result.exit_code == 0, result.output
    assert "6 cases: 6 passed, 0 failed" in result.output
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 7


def test_what_has_been_run_is_not_run_again(tmp_path: Path) -> None:
    bench("matrix", *FEW, "--report", tmp_path)
    result = bench("matrix", *FEW, "--report", tmp_path, "--resume")
    assert "6 of 6 cases have been run already" in result.output
    assert "6 cases: 6 passed, 0 failed" in result.output


def test_the_summary_can_be_json(tmp_path: Path) -> None:
    summary = json.loads(bench("matrix", *FEW, "--report", tmp_path, "--json").stdout)
    assert (summary["cases"], summary["run"], summary["failed"]) == (6, 6, [])
    assert summary["by layer and state"] == {"icmp/listen": 6}


def test_random_sequences_are_those_of_the_seed() -> None:
    drawn = [bench("matrix", "--fuzz", "5", "--seed", seed, "--list").output for seed in ("1", "1", "2")]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(line.startswith("sequence/") for line in drawn[0].splitlines())
    assert "draws its own states" in refused("matrix", "--fuzz", "5", "--layer", "tcp")


def test_a_sequence_is_a_case_by_its_name(tmp_path: Path) -> None:
    name = "sequence/established/FA@1,PA@0..E"
    result = bench("matrix", "--case", name, "--jobs", "1", "--report", tmp_path)
    assert result.exit_code == 0, result.output
    assert "1 cases: 1 passed, 0 failed" in result.output


def test_a_failing_sequence_is_reduced_to_another_that_fails_in_the_same_way(tmp_path: Path) -> None:
    """This firmware crashes when it aborts a connection, which data for nobody make it do."""
    firmware = with_code_at("tcp_abort", UD2, tmp_path / "broken.elf")
    result = bench(
        *("matrix", "--case", "sequence/fin-wait-2/A@0:b,PA@0..9:b:20ms,A@0:mss=1", "--jobs", "1"),
        *("--firmware", firmware, "--report", tmp_path / "report"),
    )
    assert result.exit_code == 1, result.output
    assert "(b) guest fault (exception)" in result.output
    (test,) = (tmp_path / "report").glob("test_*.py")
    (name,) = re.findall(r"find_any\('(.*)'\)", test.read_text())
    assert f"reduced to {name}: " in result.output
    assert re.fullmatch(r"sequence/fin-wait-2/(A@0,)?A@0\.\.1", name)
    (capture,) = (tmp_path / "report").glob("*.pcapng")
    assert b"(b) guest fault (exception)" in capture.read_bytes()


@pytest.mark.parametrize("shard", ["3/2", "0/4", "x"])
def test_an_impossible_shard_is_one_clear_line(shard: str) -> None:
    assert shard in refused("matrix", "--shard", shard)


@pytest.mark.parametrize(("option", "name"), [("--layer", "tpc"), ("--state", "open"), ("--case", "tcp/x/y")])
def test_what_there_is_not_is_refused(option: str, name: str) -> None:
    assert name in refused("matrix", option, name)


def test_a_failing_case_is_reduced_saved_and_replayed(tmp_path: Path) -> None:
    """ICMP crashes this firmware whatever is in it, so that no modification is left."""
    firmware = with_code_at("icmp_input", UD2, tmp_path / "broken.elf")
    result = bench(
        *("matrix", "--case", "ipv4/listen/tos=2+ttl=1", "--jobs", "1"),
        *("--firmware", firmware, "--report", tmp_path / "report"),
    )
    assert result.exit_code == 1
    assert "reduced to ipv4/listen/unmodified" in result.output
    assert "guest fault (exception)" in result.output
    (capture,) = (tmp_path / "report").glob("*.pcapng")
    replayed = bench("inject", capture, "--firmware", firmware)
    assert replayed.exit_code == 1
    assert "not healthy: guest fault (exception)" in replayed.output
    (test,) = (tmp_path / "report").glob("test_*.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--rootdir", tmp_path, test],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout
    assert "(b) guest fault (exception)" in done.stdout


def test_a_run_that_is_interrupted_keeps_its_results(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "matrix", "--layer", "tcp", "--jobs", "1", "--report", tmp_path],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )  # fmt: skip
    results = tmp_path / "results.jsonl"
    while process.poll() is None and not (results.exists() and results.read_text().count("\n") > 32):
        time.sleep(0.05)  # wall time: another process
    os.kill(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "go on with --resume" in output
    assert all(json.loads(line) for line in results.read_text().splitlines())


def test_a_run_that_is_killed_takes_its_boards_along(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "matrix", "--layer", "tcp", "--jobs", "2", "--report", tmp_path],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "MARKER": str(tmp_path)},
    )  # fmt: skip
    results = tmp_path / "results.jsonl"
    while process.poll() is None and not (results.exists() and results.read_text().count("\n") > 32):
        time.sleep(0.05)  # wall time: another process
    boards = started_with("MARKER", tmp_path)
    assert len(boards) > 2
    process.kill()
    process.wait()
    expect_end(boards)


@pytest.mark.parametrize("boards", [1, 2])
def test_a_run_that_is_killed_while_it_starts_its_boards_leaves_none_behind(
    tmp_path: Path, boards: int
) -> None:
    """Before a board's process has asked to end with its parent there is nobody who would end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", "matrix", "--layer", "tcp", "--jobs", "2", "--report", tmp_path],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "MARKER": str(tmp_path)},
    )  # fmt: skip
    while process.poll() is None and len(started_with("MARKER", tmp_path)) < 2 + boards:
        time.sleep(0.002)  # wall time: another process
    started = started_with("MARKER", tmp_path)  # itself, multiprocessing's tracker, and the first boards
    process.kill()
    process.wait()
    expect_end(started_with("MARKER", tmp_path) or started)


def test_a_capture_of_the_matrix_is_replayed_to_the_byte(tmp_path: Path) -> None:
    from bench.matrix.cases import find
    from bench.matrix.report import save
    from bench.matrix.workers import Setup

    capture, _ = save(find("tcp/fin-wait-2/seq+1"), Setup("quark", None, 1), tmp_path)
    result = bench("inject", capture)
    assert result.exit_code == 0, result.output
    assert "frames that it sent in the capture" in result.output
    assert "the board has sent the" in result.output
    assert "healthy" in result.output


def test_a_capture_of_others_is_sent_to_a_board_that_listens(tmp_path: Path) -> None:
    ping = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(id=7)
    ping.time = 1_700_000_000
    with PcapWriter(str(tmp_path / "ping.pcap")) as file:
        file.write(ping)
    result = bench("inject", tmp_path / "ping.pcap", "--capture", tmp_path / "out.pcapng")
    assert result.exit_code == 0, result.output
    assert "echo-reply" in result.output
    assert (tmp_path / "out.pcapng").exists()


def test_captures_and_states_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    assert "nowhere.pcap" in refused("inject", tmp_path / "nowhere.pcap")
    (tmp_path / "short.pcap").write_bytes(b"\xd4\xc3\xb2\xa1")
    assert "no usable capture" in refused("inject", tmp_path / "short.pcap")
    with PcapWriter(str(tmp_path / "ours.pcap")) as file:
        file.write(Ether(src=BOARD.mac, dst=BENCH.mac) / b"from the board")
    assert "no frame for the board" in refused("inject", tmp_path / "ours.pcap")
    assert "asleep" in refused("inject", tmp_path / "ours.pcap", "--state", "asleep")


def test_a_run_that_comes_to_nothing_leaves_the_results_of_the_last_one(tmp_path: Path) -> None:
    assert bench("matrix", "--case", "arp/listen/op+1", "--jobs", "1", "--report", tmp_path).exit_code in (
        0,
        1,
    )
    before = (tmp_path / "results.jsonl").read_bytes()
    refused("matrix", "--layer", "arp", "--engine", "foo", "--report", tmp_path)
    assert (tmp_path / "results.jsonl").read_bytes() == before
