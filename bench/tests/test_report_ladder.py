from __future__ import annotations

from xml.etree import ElementTree

from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from bench.addresses import BENCH, BOARD
from bench.capture import CapturedFrame
from bench.layers.websocket import WebSocket
from bench.report_ladder import MAX_ROWS, ladder, summary


def segment(payload: bytes, flags: str = "PA") -> bytes:
    packet = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip)
    return bytes(packet / TCP(sport=50000, dport=8080, flags=flags, seq=1) / Raw(payload))


def svg(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text[text.index("<svg") :])


def test_frames_of_one_segment_are_named_one_after_the_other() -> None:
    frames = bytes(WebSocket(opcode="ping") / b"a") + bytes(WebSocket(opcode="text") / b"b")
    assert summary(segment(frames)) == "WebSocket ping [FIN] b'a'; WebSocket text [FIN] b'b'"


def test_the_upgrade_is_named_by_its_first_line() -> None:
    assert summary(segment(b"GET /chat HTTP/1.1\r\nHost: board\r\n\r\n")) == "GET /chat HTTP/1.1"


def test_a_segment_that_is_no_whole_frame_is_named_by_its_header() -> None:
    assert summary(segment(b"\x81\x05hel")).startswith("TCP PSH+ACK")
    assert summary(segment(b"", "S")).startswith("TCP SYN")


def test_other_frames_are_named_by_scapy() -> None:
    ping = Ether(src=BENCH.mac, dst=BOARD.mac) / IP(src=BENCH.ip, dst=BOARD.ip) / ICMP()
    assert "ICMP 192.0.2.2 > 192.0.2.1 echo-request" in summary(bytes(ping))
    assert summary(b"runt").startswith("4 bytes")


def test_each_frame_is_a_row_with_its_time_and_an_arrow_in_its_direction() -> None:
    frames = [
        CapturedFrame(1.0, segment(bytes(WebSocket(opcode="text") / b"<&>")), "to-board"),
        CapturedFrame(1.0125, segment(b"", "A"), "from-board"),
    ]
    picture = svg(ladder(frames, BOARD, BENCH))
    texts = [element.text or "" for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:2] == ["bench", "board"]
    assert "WebSocket text [FIN] b'<&>'" in texts
    assert [t.strip() for t in texts if t.strip() in ("0.000", "12.500")] == ["0.000", "12.500"]
    lines = list(picture.iter("{http://www.w3.org/2000/svg}line"))[2:]
    assert float(lines[0].attrib["x1"]) < float(lines[0].attrib["x2"])
    assert float(lines[1].attrib["x1"]) > float(lines[1].attrib["x2"])


def test_a_long_exchange_is_cut_in_the_middle() -> None:
    frames = [CapturedFrame(i / 1000, segment(b"", "A"), "to-board") for i in range(MAX_ROWS + 50)]
    text = ladder(frames, BOARD, BENCH)
    assert "50 frames more" in text
    assert len(list(svg(text).iter("{http://www.w3.org/2000/svg}polygon"))) == MAX_ROWS


def test_silence_is_said() -> None:
    assert "No frame" in ladder([], BOARD, BENCH)
