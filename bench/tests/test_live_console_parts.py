"""The parts of the web console that need neither a board nor a browser."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.addresses import BENCH, BOARD
from bench.layers.tcpip import ACK, PSH, SYN, Endpoint, Segment, build
from bench.layers.websocket import WebSocket
from bench.live import FrameEvent, ResetEvent
from bench.live.commands import Abort, Close, Connect, Masking, Reset, Send, Type, parse_command
from bench.live.guard import content_security_policy, refuse_host, refuse_origin
from bench.live.ladder_feed import BACKLOG, KEPT, MARK, LadderFeed
from bench.live.outbox import LOG, ROWS, UART, Outbox
from bench.live.web_console import FOLDER, TYPES, colours, page_files
from bench.report.narrator import Kind
from emulation.errors import UserError

HOST = Endpoint.of(BENCH.mac, BENCH.ip, 50000)
SERVER = Endpoint.of(BOARD.mac, BOARD.ip, 8080)


# Who may use it


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8090", "127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:8090", "192.0.2.9:80"]
)
def test_this_machine_is_called_by_number_or_localhost(host: str) -> None:
    assert refuse_host(host) == ""


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example:8090",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8090",
        "127.0.0.1:8090@evil.example",
        "127.0.0.1:8090, evil.example",
        "[::1",
        "127.0.0.1; script-src *",
        "127.1",
    ],
)
def test_another_name_may_be_a_rebound_one(host: str | None) -> None:
    assert refuse_host(host)


def test_a_socket_is_for_pages_of_the_console() -> None:
    assert refuse_origin("http://127.0.0.1:8090", "127.0.0.1:8090") == ""
    assert refuse_origin("http://LOCALHOST:8090", "localhost:8090") == ""


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "http://evil.example",
        "http://127.0.0.1:8091",
        "https://127.0.0.1:8090",
        "http://127.0.0.1:8090.evil.example",
    ],
)
def test_a_socket_is_not_for_pages_from_elsewhere(origin: str | None) -> None:
    assert refuse_origin(origin, "127.0.0.1:8090")


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    policy = content_security_policy("127.0.0.1:8090")
    assert policy.startswith("default-src 'self';")
    assert "connect-src 'self' ws://127.0.0.1:8090;" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


# The page


def test_the_page_has_no_resource_from_elsewhere_and_nothing_inline() -> None:
    for path, (text, _) in page_files().items():
        foreign = text.replace("http://www.w3.org/2000/svg", "").replace("ws://${location.host}", "")
        assert "//" not in "".join(line.split("// ")[0] for line in foreign.splitlines()), path
    html = page_files()["/"][0]
    assert "style=" not in html
    assert "onclick" not in html
    assert "<style" not in html
    assert html.count("<script") == html.count('<script type="module" src="')


def test_every_field_of_the_page_has_a_label() -> None:
    html = page_files()["/"][0]
    outside = [part.rpartition("</label>")[2] for part in html.split("<label")]
    assert not [part for part in outside if "<input" in part or "<select" in part]


def test_every_file_of_the_page_is_served() -> None:
    assert {path.suffix for path in FOLDER.iterdir()} <= set(TYPES)
    assert set(page_files()) == {
        "/",
        "/colours.css",
        *(f"/{path.name}" for path in FOLDER.iterdir() if path.name != "index.html"),
    }


def test_the_ladder_has_the_colours_and_strokes_of_the_reports() -> None:
    text = colours()
    for kind in Kind:
        assert f".{kind.value}{{--row:var(--" in text
    assert "prefers-color-scheme:dark" in text


# Commands


@pytest.mark.parametrize(
    ("message", "command"),
    [
        ({"do": "connect", "port": 8080}, Connect(8080, "/", ())),
        ({"do": "connect", "port": 1, "path": "", "protocols": ["a", "b"]}, Connect(1, "/", ("a", "b"))),
        ({"do": "send", "opcode": "text", "data": "\u20ac"}, Send("text", b"\xe2\x82\xac", Masking())),
        (
            {"do": "send", "opcode": "binary", "data": "00 ff:7E", "masking": "none", "times": 3},
            Send("binary", b"\0\xff~", Masking(mask=False), 3),
        ),
        (
            {"do": "send", "opcode": "ping", "data": "hi", "masking": "key", "key": "37fa213d"},
            Send("ping", b"hi", Masking(key=b"7\xfa!=")),
        ),
        ({"do": "close", "code": 1000, "reason": "bye"}, Close(1000, "bye", Masking())),
        ({"do": "close", "code": None}, Close(None, "", Masking())),
        ({"do": "abort"}, Abort()),
        ({"do": "uart", "data": "help()"}, Type(b"help()\r")),
        ({"do": "uart", "data": "\x03", "end": ""}, Type(b"\x03")),
        ({"do": "reset"}, Reset()),
    ],
)
def test_a_command_is_understood(message: dict[str, Any], command: object) -> None:
    assert parse_command(json.dumps(message)) == command


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ("", "JSON object"),
        ("[1]", "JSON object"),
        ("[" * 100_000, "JSON object"),
        (b"\xff", "JSON object"),
        ('{"do": "format"}', "no command 'format'"),
        ('{"do": "connect"}', "port is a number from 1 to 65535, not None"),
        ('{"do": "connect", "port": 70000}', "port is a number"),
        ('{"do": "connect", "port": true}', "port is a number"),
        ('{"do": "connect", "port": 80.5}', "port is a number"),
        ('{"do": "connect", "port": 80, "path": "x"}', "begin with /"),
        ('{"do": "connect", "port": 80, "path": "/ HTTP/1.1\\r\\nX: y"}', "no blanks"),
        ('{"do": "connect", "port": 80, "protocols": "echo"}', "list of names"),
        ('{"do": "connect", "port": 80, "protocols": ["a b"]}', "'a b' cannot be a sub-protocol's name"),
        ('{"do": "send", "opcode": "close"}', "kind of a frame"),
        ('{"do": "send", "opcode": "text", "data": 5}', "data is a text"),
        ('{"do": "send", "opcode": "text", "data": "\\ud800"}', "surrogate"),
        ('{"do": "send", "opcode": "binary", "data": "0g"}', "payload is not hexadecimal: '0g'"),
        ('{"do": "send", "opcode": "text", "masking": "rot13"}', "masking is fresh, none or key"),
        ('{"do": "send", "opcode": "text", "masking": "key", "key": "ff"}', "has 4 bytes, not 1"),
        ('{"do": "send", "opcode": "text", "times": 0}', "times is a number"),
        (json.dumps({"do": "send", "opcode": "ping", "data": "x" * 126}), "takes 125 bytes at most, not 126"),
        (json.dumps({"do": "send", "opcode": "text", "data": "x" * 65537}), "takes 65536 bytes at most"),
        ('{"do": "close", "code": null, "reason": "why"}', "a reason needs a code"),
        (json.dumps({"do": "close", "reason": "x" * 124}), "takes 123 bytes at most"),
        (json.dumps({"do": "uart", "data": "x" * 4097}), "too many for the console"),
    ],
)
def test_what_is_wrong_with_a_command_is_said(message: str | bytes, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        parse_command(message)


def test_a_series_of_texts_may_carry_its_numbers() -> None:
    assert Send("text", b"no. {n} of {n}", Masking()).payload(7) == b"no. 7 of 7"
    assert Send("binary", b"{n}", Masking()).payload(7) == b"{n}"


# What waits for a page


def test_a_message_has_all_that_has_come() -> None:
    outbox = Outbox()
    assert outbox.take() == {}
    outbox.rows([1, 2])
    outbox.rows([3], lost=4)
    outbox.uart("boot")
    outbox.uart("ing")
    outbox.log("sent", "hello")
    outbox.newest(state=1)
    outbox.newest(state=2)
    assert outbox.take() == {
        "rows": [1, 2, 3],
        "rows_lost": 4,
        "uart": "booting",
        "log": [("sent", "hello")],
        "state": 2,
    }
    assert outbox.take() == {}


def test_a_page_that_does_not_read_loses_the_oldest_and_learns_how_much() -> None:
    outbox = Outbox()
    for number in range(10 * ROWS):
        outbox.rows([number])
        outbox.log("sent", str(number))
    outbox.uart("x" * UART + "the end")
    message = outbox.take()
    assert message["rows"] == list(range(9 * ROWS, 10 * ROWS))
    assert message["rows_lost"] == 9 * ROWS
    assert len(message["log"]) == LOG
    assert message["log_lost"] == 10 * ROWS - LOG
    assert message["uart"].endswith("xthe end")
    assert message["uart_lost"] == 7


def test_a_reset_forgets_what_the_console_showed() -> None:
    outbox = Outbox()
    outbox.uart("before")
    outbox.board_was_reset()
    outbox.uart("after")
    assert outbox.take() == {"reset": True, "uart": "after"}


def test_waiting_ends_when_something_comes() -> None:
    async def run() -> None:
        outbox = Outbox()
        waiting = asyncio.create_task(outbox.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        outbox.log("sent", "x")
        await asyncio.wait_for(waiting, 10)

    asyncio.run(run())


# The ladder


def segment(number: int, payload: bytes = b"", flags: int = ACK) -> FrameEvent:
    frame = build(HOST, SERVER, Segment(1000 + number, 5000, flags, 1024, payload))
    return FrameEvent(float(number), frame, "to-board")


def text(payload: bytes) -> bytes:
    return bytes(WebSocket(opcode="text", mask=1) / payload)


def test_frames_are_told_as_in_the_reports() -> None:
    feed = LadderFeed()
    feed(segment(0, flags=SYN))
    feed(FrameEvent(1.5, b"\xff" * 60, "from-board"))
    first, second = feed.tell().rows
    assert first[:5] == (1, 0.0, True, "control", "SYN")
    assert second[:4] == (2, 1.5, False, "other")
    assert second.size == 60
    assert feed.tell().rows == []
    assert list(feed.kept) == [first, second]


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.builds(
                lambda data, flags: segment(0, data, flags).data, st.binary(max_size=40), st.integers(0, 63)
            ),
            st.builds(lambda data: segment(0, text(b"x") + data, PSH | ACK).data, st.binary(max_size=20)),
        ),
        max_size=6,
    )
)
def test_whatever_crosses_the_wire_can_be_told(frames: list[bytes]) -> None:
    feed = LadderFeed()
    for frame in frames:
        feed(FrameEvent(0.0, frame, "to-board"))
    assert len(feed.tell().rows) == len(frames)


def test_telling_takes_no_longer_than_it_may() -> None:
    wall = iter(range(1000))
    feed = LadderFeed(lambda: float(next(wall)))
    for number in range(10):
        feed(segment(number))
    assert [row.number for row in feed.tell(3.0).rows] == [1, 2, 3]
    assert [row.number for row in feed.tell(100.0).rows] == list(range(4, 11))


def test_too_much_traffic_loses_the_oldest_frames_and_counts_them() -> None:
    feed = LadderFeed()
    for number in range(BACKLOG + 7):
        feed(segment(number))
    portion = feed.tell()
    assert portion.lost == 7
    assert portion.rows[0].number == 8
    assert portion.rows[-1].number == BACKLOG + 7
    assert len(feed.kept) == KEPT
    assert feed.tell().lost == 0


def test_after_a_loss_frames_are_still_recognised() -> None:
    feed = LadderFeed()
    feed(segment(0, flags=SYN))
    feed.tell()
    frame = text(b"hello")
    for number in range(BACKLOG + 1):
        feed(segment(1 + number * len(frame), frame, PSH | ACK))
    portion = feed.tell()
    assert portion.lost == 1
    assert "missing" not in portion.rows[-1].text
    assert "WebSocket text" in portion.rows[-1].text


def test_what_nobody_has_watched_is_not_called_lost() -> None:
    feed = LadderFeed()
    for number in range(BACKLOG + 7):
        feed(segment(number))
    feed.skip()
    portion = feed.tell()
    assert portion.lost == 0
    assert [portion.rows[0].number, portion.rows[-1].number] == [BACKLOG + 8 - KEPT, BACKLOG + 7]


def test_a_reset_has_a_row_of_its_own_and_ends_what_was_followed() -> None:
    feed = LadderFeed()
    feed(segment(0, flags=SYN))
    feed(ResetEvent())
    feed(segment(500, flags=ACK))
    before, mark, after = feed.tell().rows
    assert (before.kind, mark.kind, after.kind) == ("control", MARK, "ack")
    assert after.text.startswith("seq=1 "), "counted from here, not from the connection before"
    assert (before.number, after.number) == (1, 2)
