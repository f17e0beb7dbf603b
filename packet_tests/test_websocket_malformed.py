"""Frames that break a rule: the close code of RFC 6455, section 7.4.1, and a board that serves on."""

from __future__ import annotations

import pytest

from bench import Wire
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer

pytestmark = pytest.mark.usefixtures("unharmed")

MAX_PAYLOAD = 4096
CONTROL = [8, 9, 10]


def check(peer: Peer, code: int, rfc: str, *frames: WebSocket, gap: float = 0.0) -> None:
    """`gap`: seconds between two frames, so that the server takes each by itself."""
    for frame in frames:
        peer.send_frame(frame)
        if gap:
            peer.wire.run(gap)
    peer.expect_close(code, rfc=rfc)


@pytest.mark.parametrize("opcode", [0, 1, 2, 8, 9, 10])
@pytest.mark.parametrize("size", [0, 1, 125])
@pytest.mark.rfc6455("5.1-unmasked", "7.1.7-close")
def test_an_unmasked_frame(peer: Peer, opcode: int, size: int) -> None:
    payload = (b"\x03\xe8" + b"x" * size)[:size] if opcode == 8 else b"x" * size
    check(peer, 1002, "RFC 6455, section 5.1", WebSocket(opcode=opcode, mask=0) / payload)


@pytest.mark.parametrize("bits", range(1, 8))
@pytest.mark.parametrize("opcode", [1, 9])
@pytest.mark.rfc6455("5.2-rsv")
def test_a_reserved_bit(peer: Peer, bits: int, opcode: int) -> None:
    frame = WebSocket(opcode=opcode, rsv1=bits >> 2, rsv2=bits >> 1 & 1, rsv3=bits & 1) / b"x"
    check(peer, 1002, "RFC 6455, section 5.2", frame)


@pytest.mark.parametrize("fin", [0, 1])
@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.rfc6455("5.2-opcode")
def test_a_reserved_opcode(peer: Peer, opcode: int, fin: int) -> None:
    check(peer, 1002, "RFC 6455, section 5.2", WebSocket(opcode=opcode, fin=fin) / b"x")


@pytest.mark.parametrize("opcode", CONTROL)
@pytest.mark.rfc6455("5.4-control")
def test_a_fragmented_control_frame(peer: Peer, opcode: int) -> None:
    check(peer, 1002, "RFC 6455, section 5.5", WebSocket(opcode=opcode, fin=0))


@pytest.mark.parametrize("size", [126, 65536])
@pytest.mark.parametrize("opcode", CONTROL)
@pytest.mark.rfc6455("5.5-length")
def test_a_control_frame_longer_than_125_bytes(peer: Peer, opcode: int, size: int) -> None:
    check(peer, 1002, "RFC 6455, section 5.5", WebSocket(opcode=opcode, ext_length=size))


@pytest.mark.rfc6455("5.4-order")
def test_a_continuation_of_nothing(peer: Peer) -> None:
    check(peer, 1002, "RFC 6455, section 5.4", WebSocket(opcode="continuation") / b"x")


@pytest.mark.parametrize("gap", [0.0, 0.01], ids=["at once", "one by one"])
@pytest.mark.parametrize("opcode", ["text", "binary"])
@pytest.mark.rfc6455("5.4-order")
def test_a_new_message_inside_a_fragmented_one(peer: Peer, opcode: str, gap: float) -> None:
    frames = WebSocket(fin=0) / b"a", WebSocket(opcode=opcode) / b"b"
    check(peer, 1002, "RFC 6455, section 5.4", *frames, gap=gap)


@pytest.mark.parametrize(
    ("form", "length"), [(126, 0), (126, 125), (127, 0), (127, 125), (127, 126), (127, 65535)]
)
@pytest.mark.rfc6455("5.2-minimal")
def test_a_length_that_is_not_minimal(peer: Peer, form: int, length: int) -> None:
    check(peer, 1002, "RFC 6455, section 5.2", WebSocket(opcode=2, length=form, ext_length=length))


@pytest.mark.parametrize("length", [1 << 63, 0xFFFFFFFFFFFFFFFC, 0xFFFFFFFFFFFFFFFF])
@pytest.mark.rfc6455("5.2-msb")
def test_a_length_with_its_top_bit_set(peer: Peer, length: int) -> None:
    check(peer, 1002, "RFC 6455, section 5.2", WebSocket(opcode=2, ext_length=length))


@pytest.mark.parametrize(
    "length", [MAX_PAYLOAD + 1, 32768, 32769, 65535, 65536, 1 << 31, 1 << 32, (1 << 63) - 1]
)
@pytest.mark.rfc6455("10.4-limits", "7.4.1-too-big")
def test_a_header_over_the_limit_is_refused_before_its_payload_comes(peer: Peer, length: int) -> None:
    frame = peer.prepare(WebSocket(opcode="binary", ext_length=length))
    peer.send(bytes(frame)[:-4])  # not even the masking key
    peer.expect_close(1009, rfc="RFC 6455, section 7.4.1")


@pytest.mark.rfc6455("7.4.1-too-big")
def test_a_whole_message_one_byte_over_the_limit(peer: Peer) -> None:
    check(peer, 1009, "RFC 6455, section 7.4.1", WebSocket(opcode="binary") / bytes(MAX_PAYLOAD + 1))


@pytest.mark.parametrize("last", [1, 2000])
@pytest.mark.rfc6455("10.4-limits")
def test_fragments_that_sum_over_the_limit(peer: Peer, last: int) -> None:
    first = WebSocket(opcode="binary", fin=0) / bytes(MAX_PAYLOAD)
    check(
        peer,
        1009,
        "RFC 6455, section 7.4.1",
        first,
        WebSocket(opcode=0, fin=0, ext_length=4000) / bytes(last),
    )


@pytest.mark.parametrize("size", [0, 1])
@pytest.mark.rfc6455("10.4-limits")
def test_fragments_without_end(peer: Peer, size: int) -> None:
    peer.send_frame(WebSocket(fin=0) / b"")
    fragment = WebSocket(opcode="continuation", fin=0) / (b"x" * size)
    data = b"".join(bytes(peer.prepare(fragment)) for _ in range(50))
    for _ in range(200):
        if peer.closed_by_board or peer.tcp.received:
            break
        peer.send(data)
        peer.wire.run(0.05)
    frame = peer.receive_frame(expected="WebSocket close with code 1008 or 1009")
    assert frame[WebSocketClose].code in (1008, 1009)
    peer.expect_end()


BAD_TEXT = {
    "lone continuation byte": b"\x80",
    "cut short": b"\xc3",
    "overlong slash": b"\xc0\xaf",
    "overlong in three": b"\xe0\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "0xff": b"text \xff",
}


@pytest.mark.parametrize("data", BAD_TEXT.values(), ids=BAD_TEXT.keys())
@pytest.mark.rfc6455("8.1-utf8")
def test_text_that_is_not_utf_8(peer: Peer, data: bytes) -> None:
    check(peer, 1007, "RFC 6455, section 8.1", WebSocket(opcode="text") / data)


@pytest.mark.parametrize("data", BAD_TEXT.values(), ids=BAD_TEXT.keys())
@pytest.mark.rfc6455("8.1-utf8")
def test_a_fragmented_text_that_is_not_utf_8(peer: Peer, data: bytes) -> None:
    """The first fragment is in order, and the second brings what is not."""
    start, end = WebSocket(opcode="text", fin=0) / "\u00e4".encode(), WebSocket(opcode="continuation") / data
    check(peer, 1007, "RFC 6455, section 8.1", start, end)


@pytest.mark.parametrize("data", BAD_TEXT.values(), ids=BAD_TEXT.keys())
@pytest.mark.rfc6455("5.5.1-body")
def test_a_close_reason_that_is_not_utf_8(peer: Peer, data: bytes) -> None:
    check(peer, 1007, "RFC 6455, section 5.5.1", WebSocket() / WebSocketClose(code=1000, reason=data))


@pytest.mark.rfc6455("5.5.1-body")
def test_a_close_payload_of_one_byte(peer: Peer) -> None:
    check(peer, 1002, "RFC 6455, section 5.5.1", WebSocket(opcode="close") / b"\x03")


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
@pytest.mark.rfc6455("7.4.1-reserved", "7.4.2-ranges")
def test_a_close_code_that_may_not_be_sent(peer: Peer, code: int) -> None:
    check(peer, 1002, "RFC 6455, section 7.4", WebSocket() / WebSocketClose(code=code))


@pytest.mark.parametrize("cut", [1, 2, 5, 7, 10])
def test_a_frame_cut_off_by_reset(peer: Peer, cut: int) -> None:
    peer.send(bytes(peer.prepare(WebSocket() / b"cut off"))[:cut])
    peer.wire.run(0.1)
    peer.reset()


@pytest.mark.parametrize("cut", [1, 2, 5, 7, 10])
def test_a_frame_cut_off_by_fin(peer: Peer, cut: int) -> None:
    peer.send(bytes(peer.prepare(WebSocket() / b"cut off"))[:cut])
    peer.shutdown()
    peer.expect_end()


def test_mask_without_a_key_waits_for_the_key(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket(opcode="ping", mask=1, masking_key=b""))
        peer.expect_silence(0.5)
        peer.send(b"\1\2\3\4")
        peer.expect_frame("pong")
