"""Cases on servers that do not echo or listen elsewhere: their answers are learned, and judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest

from bench.board import Board
from bench.cases import all_cases, find
from bench.cases.case import Case
from bench.cases.ports import with_port
from bench.cases.results import Verdict
from bench.cases.runner import Runner
from bench.cases.server import Server, messages
from bench.cases.start import start
from bench.layers.tcpip import SYN, Endpoint, Segment, build, parse
from bench.mutants.catalogue import find_mutants
from bench.project import Project
from bench.scaffold import TEMPLATES
from emulation.firmware.build import build as build_firmware
from emulation.firmware.overlay import read_source

Begin = Callable[..., tuple[Runner, dict[str, str]]]


def application(folder: Path, old: str = "", new: str = "") -> Path:
    """The application of `bench new`, which answers text in capitals, with one change."""
    text = (TEMPLATES / "main.py.in").read_text().replace("@NAME@", "demo")
    assert old in text
    path = folder / "main.py"
    path.write_text(text.replace(old, new) if old else text)
    return path


@pytest.fixture
def begin(tmp_path: Path, request: pytest.FixtureRequest) -> Begin:
    """Boots a board with an application and gives what plays cases on it."""

    def begin(
        app: Path, *ports: int, overrides: Mapping[str, str] | None = None
    ) -> tuple[Runner, dict[str, str]]:
        elf = build_firmware(tmp_path / "firmware", app=app, overrides=overrides).elf
        board = Board.boot(firmware=elf)
        request.addfinalizer(board.close)
        runner, told = start(board, "listening", Project(tmp_path, app, ports=ports or (8080,)))
        assert isinstance(runner, Runner)
        return runner, told

    return begin


def verdicts(runner: Runner, cases: Iterable[Case]) -> dict[str, tuple[Verdict, tuple[str, ...]]]:
    results = [runner.run(case) for case in cases]
    return {result.case.id: (result.verdict, result.problems or result.came) for result in results}


def with_messages() -> tuple[Case, ...]:
    """A case of each group in which a message has to come back."""
    groups = {case.group: case for case in all_cases() if case.port == 8080 and [*messages(case)]}
    return tuple(groups.values())


def test_a_server_that_answers_in_capitals_is_judged_by_its_own_answers(begin: Begin, tmp_path: Path) -> None:
    runner, told = begin(application(tmp_path))
    assert told["Server"] == "port 8080, answers 'there?' with WebSocket text b'THERE?' (learned)"
    cases = with_messages()
    assert len(cases) > 10
    assert {verdict for verdict, _ in verdicts(runner, cases).values()} == {Verdict.PASSED}


def test_a_defect_of_that_server_is_found_all_the_same(begin: Begin, tmp_path: Path) -> None:
    (mutant,) = find_mutants(["rsv-ignored"])
    runner, _ = begin(application(tmp_path), overrides=mutant.overrides(read_source))
    found = verdicts(runner, find(["websocket-51-reserved-rsv-*-text"]))
    assert Verdict.FAILED in {verdict for verdict, _ in found.values()}


def test_it_is_found_on_the_port_that_the_project_names(begin: Begin, tmp_path: Path) -> None:
    runner, told = begin(application(tmp_path, "PORT = 8080", "PORT = 9000"), 9000)
    assert told["Server"].startswith("port 9000, answers")
    found = verdicts(runner, (*with_messages(), *find(["tcp-31-*"])))
    assert {verdict for verdict, _ in found.values()} == {Verdict.PASSED}, found


def test_an_answer_that_changes_from_time_to_time_is_nothing_to_judge_by(tmp_path: Path) -> None:
    counts = "SEEN = []\n\n\ndef answer(data):\n    SEEN.append(data)\n    return str(len(SEEN))\n\n\n"
    app = application(tmp_path, "def answer(data):", f"{counts}def unused(data):")
    elf = build_firmware(tmp_path / "firmware", app=app).elf
    with Board.boot(firmware=elf) as board:
        runner, told = start(board, "listening", Project(tmp_path, app))
        assert "came: it answers the same message in another way the second time" in told["Server"]
        result = runner.run(next(case for case in with_messages()))
        assert result.verdict is Verdict.SKIPPED
        assert "needs websocket" in result.came[0]
        assert runner.run(find(["arp-6"])[0]).verdict is not Verdict.SKIPPED


def test_an_echo_server_of_the_bench_is_asked_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "learn", None)
    with Board.boot() as board:
        _, told = start(board, None, None)
    assert told == {"Server": "port 8080, echoes"}


@pytest.mark.parametrize("version", [4, 6])
def test_a_port_is_changed_with_the_checksum_and_back(version: int) -> None:
    ends = [("192.0.2.2", "192.0.2.1"), ("2001:db8::2", "2001:db8::1")][version == 6]
    here, there = (
        Endpoint.of("00:00:5e:00:53:01", ip, port) for ip, port in zip(ends, (50000, 8080), strict=True)
    )
    frame = build(here, there, Segment(1, 0, SYN))
    moved = with_port(frame, 8080, 9000, source=False)
    parsed = parse(moved)
    assert parsed is not None
    assert parsed.destination.port == 9000
    assert moved == build(here, Endpoint.of("00:00:5e:00:53:01", ends[1], 9000), Segment(1, 0, SYN))
    assert with_port(moved, 9000, 8080, source=False) == frame
    assert with_port(frame, 8081, 9000, source=False) == frame
    assert with_port(frame, 8080, 9000, source=True) == frame


def test_a_wrong_checksum_stays_as_wrong() -> None:
    here, there = (Endpoint.of("00:00:5e:00:53:01", f"192.0.2.{n}", 8080) for n in (2, 1))
    right = build(here, there, Segment(1, 0, SYN))
    wrong = right[:50] + bytes([right[50] ^ 1]) + right[51:]
    moved = [with_port(frame, 8080, 9000, source=False) for frame in (right, wrong)]
    one, other = (int.from_bytes(frame[50:52], "big") for frame in moved)
    assert (one - other) % 0xFFFF in (0x100, 0xFFFF - 0x100)
