"""The ladder diagram: what is told of each frame, what is folded, and the SVG that comes of it."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from bench.addresses import BENCH, BOARD
from bench.capture import CapturedFrame
from bench.layers.tcpip import ACK as ACK_FLAG
from bench.layers.tcpip import FIN, PSH, RST, SYN, Endpoint, Segment, build
from bench.layers.websocket import WebSocket, describe
from bench.report.colours import DARK, LIGHT
from bench.report.conversation import MAX_ROWS, Fold, Step, arrange, tell
from bench.report.evidence import find_deviation
from bench.report.ladder import Deviation, Ladder, svg
from bench.report.narrator import Kind

HOST = Endpoint.of(BENCH.mac, BENCH.ip, 50000)
SERVER = Endpoint.of(BOARD.mac, BOARD.ip, 8080)
SVG = "{http://www.w3.org/2000/svg}"
UPGRADE = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Talk:
    """Frames of one connection, a millisecond apart, with the sequence numbers they need."""

    def __init__(self) -> None:
        self.frames: list[CapturedFrame] = []
        self._next = {"to-board": 1000, "from-board": 5000}

    def say(self, direction: str, payload: bytes = b"", flags: int = PSH | ACK_FLAG) -> Talk:
        other = "from-board" if direction == "to-board" else "to-board"
        segment = Segment(self._next[direction], self._next[other], flags, 1024, payload)
        ends = (HOST, SERVER) if direction == "to-board" else (SERVER, HOST)
        self._next[direction] += segment.length
        return self.add(build(*ends, segment), direction)

    def add(self, data: bytes, direction: str = "to-board") -> Talk:
        self.frames.append(CapturedFrame(1.0 + len(self.frames) / 1000, data, direction))
        return self

    def ask(self, payload: bytes = b"", flags: int = PSH | ACK_FLAG) -> Talk:
        return self.say("to-board", payload, flags)

    def answer(self, payload: bytes = b"", flags: int = PSH | ACK_FLAG) -> Talk:
        return self.say("from-board", payload, flags)

    def open(self) -> Talk:
        self.ask(flags=SYN).answer(flags=SYN | ACK_FLAG).ask(flags=ACK_FLAG)
        return self.ask(UPGRADE).answer(SWITCHED)

    @property
    def steps(self) -> list[Step]:
        return tell(self.frames)

    @property
    def last(self) -> Step:
        return self.steps[-1]


def picture(steps: list[Step], deviation: Deviation | None = None, note: str = "") -> ElementTree.Element:
    """The parsed SVG: it has to be well-formed."""
    return ElementTree.fromstring(svg(Ladder("bench", "board", steps, "A test", deviation, note)))


def words(element: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


def frame(opcode: str, payload: bytes) -> bytes:
    return bytes(WebSocket(opcode=opcode) / payload)


def test_frames_of_one_segment_are_told_one_after_the_other() -> None:
    told = Talk().ask(frame("ping", b"a") + frame("text", b"b")).last
    assert (told.kind, told.text) == (Kind.WEBSOCKET, "WebSocket ping [FIN] b'a'; WebSocket text [FIN] b'b'")
    assert told.label == "PSH ACK 6 B"


def test_the_upgrade_is_told_by_its_first_line_and_what_follows_it_by_its_frames() -> None:
    talk = Talk().ask(UPGRADE)
    assert (talk.last.kind, talk.last.text) == (Kind.HTTP, "GET / HTTP/1.1")
    told = talk.answer(SWITCHED + frame("text", b"hi")).last
    assert told.text == "HTTP/1.1 101 Switching Protocols; WebSocket text [FIN] b'hi'"


def test_a_frame_in_several_segments_begins_goes_on_and_ends() -> None:
    whole = frame("binary", bytes(300))
    talk = Talk().open().ask(whole[:100]).ask(whole[100:200]).ask(whole[200:])
    begin, middle, end = talk.steps[-3:]
    assert begin.text == "begins a frame of 304 bytes, 100 of them so far"
    assert middle.kind is Kind.PART
    assert middle.text.startswith("goes on with a frame of 304 bytes, 200 of them so far")
    assert end.text == describe(WebSocket(whole))


def test_a_malformed_frame_is_told_where_the_upgrade_was_seen() -> None:
    strange = bytes(WebSocket(opcode=5, rsv1=1) / b"?")
    assert "opcode 5 [FIN RSV1]" in Talk().open().ask(strange).last.text
    assert Talk().ask(strange).last.kind is Kind.DATA


def test_segments_out_of_order_and_repeated_ones_are_told_as_such() -> None:
    whole = frame("text", b"abcdef")
    talk = Talk().open()
    at = talk._next["to-board"]
    for start in (4, 0, 0):
        part = Segment(at + start, 0, PSH, 1024, whole[start : start + 4])
        talk.add(build(HOST, SERVER, part))
    early, filling, again = talk.steps[-3:]
    assert "comes early" in early.text
    assert filling.text == describe(WebSocket(whole))
    assert "sent again" in again.text


def test_data_that_comes_with_the_syn_is_told_whole() -> None:
    assert Talk().ask(frame("text", b"early"), SYN).last.text == "WebSocket text [FIN] b'early'"


def test_numbers_count_from_the_beginning_of_the_connection() -> None:
    talk = Talk().ask(flags=SYN).answer(flags=SYN | ACK_FLAG).ask(flags=ACK_FLAG)
    assert [step.text for step in talk.steps] == [
        "seq=0 win=1024",
        "seq=0 ack=1 win=1024",
        "seq=1 ack=1 win=1024",
    ]
    assert [step.kind for step in talk.steps] == [Kind.CONTROL, Kind.CONTROL, Kind.ACK]
    assert talk.answer(flags=RST).last.kind is Kind.RESET
    assert Talk().ask(flags=FIN | ACK_FLAG).last.kind is Kind.CONTROL


def test_other_frames_are_named_by_scapy() -> None:
    packet = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip)
    told = Talk().add(bytes(packet / ICMP())).last
    assert told.label == "ICMP 42 B"
    assert "192.0.2.2 > 192.0.2.1 echo-request" in told.text
    assert Talk().add(b"runt").last.text.startswith("4 bytes")
    wrong = Talk().add(bytes(packet / TCP(dport=8080, chksum=1) / Raw(b"x"))).last
    assert wrong.label == "TCP, not valid"


def test_each_frame_is_a_row_with_its_number_time_label_words_and_an_arrow_in_its_direction() -> None:
    talk = Talk().open().ask(frame("text", b"<&>")).answer(frame("text", b"\x00\x1b"))
    drawn = list(picture(talk.steps).iter(f"{SVG}g"))
    assert len(drawn) == len(talk.frames)
    for group, step in zip(drawn, talk.steps, strict=True):
        number, time, label, *rest = words(group)
        assert (number, label) == (str(step.number), step.label)
        assert float(time) == pytest.approx((step.time - 1.0) * 1000, abs=0.001)
        assert " ".join(rest) == step.text
        tip = group.find(f"{SVG}title")
        assert tip is not None
        assert f"Frame {step.number}, {step.time:.9f} s, {step.size} bytes" in (tip.text or "")
        line = group.find(f"{SVG}line")
        assert line is not None
        assert (float(line.attrib["x1"]) < float(line.attrib["x2"])) is step.to_right


def test_the_deviating_frame_is_marked_with_what_was_expected_and_no_other_is() -> None:
    talk = Talk().open().answer(frame("text", b"one"))
    root = picture(talk.steps, Deviation("expected 'two'", talk.last.number))
    marked = [group for group in root.iter(f"{SVG}g") if "deviates" in group.attrib["class"]]
    assert len(marked) == 1
    assert words(marked[0])[0] == str(talk.last.number)
    assert "✗ expected 'two'" in words(marked[0])
    assert f"frame {talk.last.number}" in (root.findtext(f"{SVG}desc") or "")


def test_an_answer_that_did_not_come_is_a_row_as_well() -> None:
    root = picture(Talk().open().steps, Deviation("expected a pong", None, 6.0))
    marked = [group for group in root.iter(f"{SVG}g") if "deviates" in group.attrib["class"]]
    assert words(marked[0]) == ["5000.000", "✗ nothing came", "expected a pong"]


def test_acknowledgements_in_a_row_are_folded_and_a_single_one_is_not() -> None:
    talk = Talk().open()
    for _ in range(5):
        talk.answer(flags=ACK_FLAG)
    rows = arrange(talk.steps)
    assert isinstance(rows[2], Step)
    assert rows[2].kind is Kind.ACK
    assert isinstance(rows[-1], Fold)
    assert rows[-1].text == "5 acknowledgements"
    assert "5 acknowledgements (0 →, 5 ←), frames 6 to 10" in words(picture(talk.steps))


def test_the_middle_of_a_long_frame_is_folded_with_its_acknowledgements() -> None:
    talk, whole = Talk().open(), frame("binary", bytes(1000))
    for start in range(0, len(whole), 100):
        talk.ask(whole[start : start + 100]).answer(flags=ACK_FLAG)
    folds = [row.text for row in arrange(talk.steps) if isinstance(row, Fold)]
    assert folds == ["9 segments of the same frame, 10 acknowledgements"]


@pytest.mark.parametrize("place", [None, 3, 150, 299])
def test_a_long_conversation_is_cut_but_never_what_deviates_and_every_frame_is_accounted_for(
    place: int | None,
) -> None:
    talk = Talk()
    for number in range(300):
        talk.ask(frame("text", b"%d" % number))
    rows = arrange(talk.steps, place)
    assert len(rows) <= MAX_ROWS
    numbers = [n for row in rows for n in ([row] if isinstance(row, Step) else row.steps)]
    assert [step.number for step in numbers] == list(range(1, 301))
    assert rows[0] == talk.steps[0]
    if place is not None:
        assert talk.steps[place - 1] in rows
    assert any("not drawn" in text for text in words(picture(talk.steps)))


def test_the_picture_refers_to_nothing_outside_and_has_title_and_description() -> None:
    talk = Talk().open()
    text = svg(Ladder("bench", "board", talk.steps, "A <test>", note="and so on"), document=True)
    root = ElementTree.fromstring(text)
    assert root.findtext(f"{SVG}title") == "A <test>"
    assert "5 frames" in (root.findtext(f"{SVG}desc") or "")
    assert not re.search(r"(href|src|url\(|@import)", text)
    assert set(re.findall(r"https?://[^\"]*", text)) == {"http://www.w3.org/2000/svg"}
    assert "and so on" in words(root)


def test_silence_is_said() -> None:
    assert "No frame crossed the wire." in words(picture([]))


def test_the_deviating_frame_is_the_one_that_says_what_came() -> None:
    talk = Talk().open().answer(frame("text", b"one")).answer(frame("text", b"two"))
    message = "expected WebSocket pong (RFC 6455)\n  came: WebSocket text [FIN] b'one'\n  sent: nothing"
    found = find_deviation(talk.steps, len(talk.frames), 2.0, message)
    assert found == Deviation("expected WebSocket pong (RFC 6455)", len(talk.frames) - 1, 2.0)


def test_what_came_after_the_check_cannot_be_what_deviates() -> None:
    talk = Talk().open().answer(frame("text", b"one")).ask(flags=ACK_FLAG)
    mark = len(talk.frames)
    talk.answer(frame("close", b"\x03\xe8"))
    found = find_deviation(talk.steps, mark, 2.0, "expected a pong\n  came: the connection was closed")
    assert found is not None
    assert found.number == mark - 1


def test_nothing_deviates_where_nothing_came_or_the_failure_is_of_another_kind() -> None:
    talk = Talk().open()
    found = find_deviation(talk.steps, 5, 2.0, "expected a pong\n  came: nothing until 2 s")
    assert found == Deviation("expected a pong", None, 2.0)
    assert find_deviation(talk.steps, 5, 2.0, "a variable is missing") is None


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance of `#rrggbb`."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_colour_can_be_read_on_its_background(scheme: dict[str, str]) -> None:
    pairs = [(name, "paper") for name in ("ink", "soft", "blue", "green", "purple", "amber", "red")]
    for name, background in [*pairs, ("red", "alarm"), ("ink", "alarm")]:
        low, high = sorted((luminance(scheme[name]), luminance(scheme[background])))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (name, background)
