"""What is found in a console's text as it grows is what a search of all of it finds, at every step."""

from __future__ import annotations

import random
import re

import pytest

from bench.console_log import ConsoleText, Search, reach
from bench.loop import Loop
from bench.tests.fake_machine import FakeMachine
from bench.uart import Uart

PATTERNS = [
    "abc", r"a.*b", r"(?s)a.*b", r"[^a]*b", r"\d+ bytes", r"a(?=b)", r"a(?!b)", r"(?<=a)b", r"(ab|ba)+\n",
    r"b\w*$", r"^b", r"(?m)^b", r"(?m)a$", r"\Bb", r"\bb\b", r"(a)(?(1)b|c)", "é", r"\s+b", r"\n\n",
    r"a{2,3}?b",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_same_is_found_at_the_same_moment_as_by_a_search_of_everything(pattern: str) -> None:
    rng = random.Random(pattern)
    compiled = re.compile(pattern)
    for _ in range(150):
        console, data = ConsoleText(), b""
        after = rng.randrange(3)
        search = Search(console, compiled, after)
        for _ in range(12):
            piece = b"".join(
                rng.choices([b"a", b"b", b"\n", b"\r\n", b"\r", b" ", b"1", b"\xc3", b"\xa9"], k=3)
            )
            data += piece
            console.add(piece)
            text = data.decode("utf-8", "replace").replace("\r\n", "\n")
            assert console.text == text
            assert len(console) == len(text)
            wanted, found = compiled.search(text, after), search()
            assert (found and found.span()) == (wanted and wanted.span()), (pattern, text)
            if found:
                break


@pytest.mark.parametrize(
    ("pattern", "far"),
    [
        ("abc", 3),
        (r"a.*b", 0),
        (r"(?s)a.*b", None),
        (r"a\n*", None),
        (r"[^x]+y", None),
        (r"a(?=b)", None),
        (r"\D+", None),
    ],
)
def test_how_far_back_a_match_can_begin(pattern: str, far: int | None) -> None:
    assert reach(re.compile(pattern)) == far


def test_the_work_grows_with_what_is_printed_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: how many characters are looked at while a console prints line after line."""
    looked_at = 0
    end = ConsoleText.end

    def counting(self: ConsoleText, start: int) -> str:
        nonlocal looked_at
        text = end(self, start)
        looked_at += len(text)
        return text

    def never(self: ConsoleText) -> str:
        raise AssertionError("all of it is looked at")

    monkeypatch.setattr(ConsoleText, "end", counting)
    for pattern in (re.compile("never"), re.compile(r"never \d+ of .* at all")):
        looked_at = 0
        console = ConsoleText()
        search = Search(console, pattern, 0)
        console.add(b"begin\r\n")
        assert search() is None
        monkeypatch.setattr(ConsoleText, "text", property(never))
        for _ in range(4000):
            console.add(b"x" * 30 + b"\r\n")
            assert search() is None
        monkeypatch.undo()
        monkeypatch.setattr(ConsoleText, "end", counting)
        assert looked_at < 3 * 4000 * 32


def test_a_trimmed_console_is_searched_as_it_is_then() -> None:
    loop = Loop(FakeMachine())
    uart = Uart(loop)
    loop.run(1)
    uart.trim(30)
    assert uart.text == "0.2.1 ports 8080, 8081, 8082\n"
    assert uart.wait_for("8082").string == uart.text


@pytest.mark.parametrize("pattern", [r"listening.*\n", r"8082\n", r"8082\s", r"(?<=2)\n"])
def test_the_two_bytes_of_a_line_end_may_come_one_after_the_other(pattern: str) -> None:
    """The text is as long before the line feed as after it."""
    console = ConsoleText()
    search = Search(console, re.compile(pattern), 0)
    console.add(b"listening on 8082\r")
    early = search()
    assert early is None or pattern.endswith(r"\s")  # a carriage return is a blank as well
    console.add(b"\n")
    assert search() is not None or early is not None
