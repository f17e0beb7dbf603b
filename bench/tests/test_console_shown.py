"""What a board prints is evidence: it neither steers a terminal nor becomes markup of a report."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from bench.cli.progress import Progress
from bench.peer_error import PeerError
from bench.report.evidence import evidence
from bench.report.ladder import Ladder
from bench.tests.test_robot import HEAD, run
from emulation.console_text import printable
from emulation.errors import Evidence, GuestFault

HOSTILE = "*HTML*<script>alert()</script>\x1b]0;owned\x07\x9b2J"
VISIBLE = r"*HTML*<script>alert()</script>\x1b]0;owned\x07\x9b2J"

PRINTER = f"""
from bench.robot.listener import LISTENER

def let_the_board_print():
    LISTENER.board.uart._printed({HOSTILE!r}.encode() + b"\\r\\n")
"""
SUITE = (
    HEAD.replace("*** Test", "Library    printer.py\n\n*** Test", 1)
    + """\
Wrong On The Console
    Let The Board Print
    Console Of This Test Should Be    nothing of that

Nothing Comes
    Let The Board Print
    Console Should Show    what never comes
"""
)


def test_what_steers_a_terminal_is_made_visible() -> None:
    assert printable(VISIBLE) == VISIBLE == printable(HOSTILE)  # twice changes nothing


def test_messages_show_what_the_board_said_and_do_nothing_of_it() -> None:
    assert VISIBLE in str(GuestFault("spin", "it hangs", Evidence(1.0, uart_tail=HOSTILE)))
    assert VISIBLE in str(PeerError("a frame", "an answer", HOSTILE))
    assert not str(PeerError("a frame", "an answer", HOSTILE)).startswith("*HTML*")


def test_the_log_shows_the_console_as_text() -> None:
    page = evidence(Ladder("one", "other", []), [], "", HOSTILE)
    assert "<script>" not in page
    assert "\\x1b]0;owned\\x07\\x9b2J" in page and "\x1b" not in page


def test_a_failure_that_a_library_words_is_made_visible_on_the_terminal() -> None:
    said: list[str] = []

    class Screen:
        is_terminal = False

        def print(self, text: Any = "") -> None:
            said.append(str(text))

    class Failed:
        name, status, message, failed, passed = "One", "FAIL", HOSTILE, True, False

    Progress(Screen()).end_test(None, Failed())  # type: ignore[arg-type]
    assert VISIBLE in said[-1]
    assert "\x1b" not in "".join(said)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "printer.py").write_text(PRINTER)
    return run(folder, SUITE)


def test_keywords_never_hand_it_on_as_it_is(hostile: Any) -> None:
    assert hostile.status == 2
    for _status, message in hostile.results().values():
        assert VISIBLE in message
        assert not message.startswith("*HTML*")
    assert hostile.out.count(VISIBLE) == 2
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", hostile.out)


def test_reports_show_it_as_text(hostile: Any) -> None:
    for name in ("summary.html", "summary.md", "log.html", "report.html", "xunit.xml"):
        text = (Path(hostile.report) / name).read_text()
        assert "\x1b" not in text and "\x9b" not in text
        assert "<script>alert()" not in text
