"""The WebSocket layer against the examples of RFC 6455, against wsproto, and against itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.sendrecv import sniff
from scapy.sessions import TCPSession
from wsproto.frame_protocol import FrameProtocol

from bench.layers.websocket import (
    WebSocket,
    WebSocketClose,
    WebSocketSegment,
    apply_mask,
    bind_websocket,
    describe,
    frame_size,
    parse_frames,
    unbind_websocket,
)
from bench.layers.websocket_upgrade import HTTPUpgradeRequest

RFC_EXAMPLES = [  # section 5.7
    ("810548656c6c6f", WebSocket(opcode="text") / b"Hello"),
    (
        "818537fa213d7f9f4d5158",
        WebSocket(opcode="text", mask=1, masking_key=bytes.fromhex("37fa213d")) / b"Hello",
    ),
    ("010348656c", WebSocket(fin=0, opcode="text") / b"Hel"),
    ("80026c6f", WebSocket(opcode="continuation") / b"lo"),
    ("890548656c6c6f", WebSocket(opcode="ping") / b"Hello"),
    ("8a8537fa213d7f9f4d5158", WebSocket(opcode="pong", mask=1) / b"Hello"),
    ("827e0100" + "00" * 256, WebSocket(opcode="binary") / bytes(256)),
    ("827f0000000000010000" + "00" * 65536, WebSocket(opcode="binary") / bytes(65536)),
]


@pytest.mark.parametrize(("wire", "packet"), RFC_EXAMPLES, ids=[w[:8] for w, _ in RFC_EXAMPLES])
def test_the_examples_of_the_rfc_build_and_dissect(wire: str, packet: WebSocket) -> None:
    data = bytes.fromhex(wire)
    assert bytes(packet) == data
    dissected = WebSocket(data)
    assert dissected.data == packet.data
    assert (dissected.fin, dissected.opcode, dissected.mask) == (packet.fin, packet.opcode, packet.mask)
    assert bytes(dissected) == data


MALFORMED = {
    "16-bit form for 2 bytes": (WebSocket(opcode=2, length=126) / b"hi", "827e0002" + b"hi".hex()),
    "64-bit form for 2 bytes": (
        WebSocket(opcode=2, length=127) / b"hi",
        "827f0000000000000002" + b"hi".hex(),
    ),
    "length with the top bit set": (WebSocket(opcode=2, ext_length=1 << 63), "827f8000000000000000"),
    "length that lies": (WebSocket(length=1) / b"abc", "8101616263"),
    "16-bit length that lies": (WebSocket(ext_length=5) / b"abc", "817e0005616263"),
    "MASK without a key": (WebSocket(mask=1, masking_key=b"") / b"abc", "8183616263"),
    "RSV1 and a reserved opcode": (WebSocket(rsv1=1, opcode=3), "c300"),
    "ping of 126 bytes": (WebSocket(opcode="ping") / bytes(126), "897e007e" + "00" * 126),
    "close of one byte": (WebSocket(opcode="close") / b"\x03", "880103"),
}


@pytest.mark.parametrize(("packet", "wire"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_set_is_sent_as_it_is(packet: WebSocket, wire: str) -> None:
    assert bytes(packet).hex() == wire


def test_a_close_frame_holds_code_and_reason() -> None:
    packet = WebSocket(mask=1) / WebSocketClose(code=1001, reason="bye")
    assert packet.opcode == 8
    dissected = WebSocket(bytes(packet))
    assert (dissected[WebSocketClose].code, dissected[WebSocketClose].reason) == (1001, b"bye")


@pytest.mark.parametrize("payload", [b"", b"\x03"])
def test_a_close_frame_too_short_for_a_code_has_none(payload: bytes) -> None:
    dissected = WebSocket(bytes(WebSocket(opcode=8) / payload))
    assert WebSocketClose not in dissected
    assert dissected.data == payload


@given(
    payload=st.binary(max_size=300),
    opcode=st.sampled_from([0, 1, 2, 8, 9, 10, 3, 15]),
    bits=st.tuples(*[st.integers(0, 1)] * 5),
    key=st.binary(min_size=4, max_size=4),
    length=st.sampled_from([None, 126, 127]),
)
def test_dissecting_and_building_are_inverse(
    payload: bytes, opcode: int, bits: tuple[int, ...], key: bytes, length: int | None
) -> None:
    fin, rsv1, rsv2, rsv3, mask = bits
    packet = (
        WebSocket(fin=fin, rsv1=rsv1, rsv2=rsv2, rsv3=rsv3, opcode=opcode, mask=mask, length=length) / payload
    )
    if mask:
        packet.masking_key = key
    data = bytes(packet)
    dissected = WebSocket(data)
    assert dissected.data == payload
    assert bytes(dissected) == data
    assert frame_size(data) == len(data)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
def test_wsproto_reads_our_client_frames(size: int) -> None:
    payload = bytes(i % 251 for i in range(size))
    oracle = FrameProtocol(client=False, extensions=[])
    oracle.receive_bytes(bytes(WebSocket(opcode="binary", mask=1, masking_key=b"\x01\x80\xff\x7e") / payload))
    assert b"".join(frame.payload for frame in oracle.received_frames()) == payload  # type: ignore[misc]


def test_changing_a_dissected_frame_changes_what_is_built() -> None:
    frame = WebSocket(bytes(WebSocket(mask=1) / b"abc"))
    frame.masking_key = b"\0\0\0\0"
    assert bytes(frame).hex() == "818300000000616263"


STREAM = b"".join(
    bytes(frame)
    for frame in (
        WebSocket(opcode="text") / b"one",
        WebSocket(opcode="ping", mask=1),
        WebSocket(opcode="binary") / bytes(200),
        WebSocket() / WebSocketClose(code=1000),
    )
)


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_an_incomplete_frame_is_kept_for_more_data(cut: int) -> None:
    first, rest = parse_frames(STREAM[:cut])
    second, nothing = parse_frames(rest + STREAM[cut:])
    assert nothing == b""
    frames = first + second
    assert [frame.opcode for frame in frames] == [1, 9, 2, 8]
    assert b"".join(bytes(frame) for frame in frames) == STREAM


def test_a_segment_shows_all_its_frames_and_the_start_of_the_next() -> None:
    segment = WebSocketSegment(STREAM + b"\x82\x7e\x01")
    assert [frame.opcode for frame in segment.frames] == [1, 9, 2, 8]
    assert segment.rest == b"\x82\x7e\x01"
    assert bytes(segment) == STREAM + b"\x82\x7e\x01"


def test_binding_concerns_the_chosen_ports_only() -> None:
    # Scapy's HTTP layer claims port 8080 as soon as anybody imports it; the binding must still win.
    import scapy.layers.http

    assert scapy.layers.http.HTTP
    bind_websocket(8080)
    try:
        bound = IP(bytes(IP() / TCP(sport=8080, dport=50000) / STREAM))
        other = IP(bytes(IP() / TCP(sport=9999, dport=50000) / STREAM))
        upgrade = IP(bytes(IP() / TCP(sport=50000, dport=8080) / b"GET / HTTP/1.1\r\n\r\n"))
    finally:
        unbind_websocket(8080)
    assert [frame.opcode for frame in bound[WebSocketSegment].frames] == [1, 9, 2, 8]
    assert WebSocketSegment not in other
    assert upgrade[HTTPUpgradeRequest].target == b"/"
    assert WebSocketSegment not in IP(bytes(IP() / TCP(sport=8080) / STREAM))


def test_scapys_tcp_session_reassembles_frames_from_any_segments() -> None:
    head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    stream, packets, at = head + STREAM, [], 0
    while at < len(stream):
        piece = stream[at : at + 37]
        packets.append(Ether() / IP() / TCP(sport=8081, dport=50000, seq=1000 + at, flags="A") / piece)
        at += len(piece)
    bind_websocket(8081)
    try:
        seen = sniff(offline=[Ether(bytes(p)) for p in packets], session=TCPSession, quiet=True)
        frames = [
            frame
            for packet in seen
            if WebSocketSegment in packet
            for frame in packet[WebSocketSegment].frames
        ]
    finally:
        unbind_websocket(8081)
    assert [frame.opcode for frame in frames] == [1, 9, 2, 8]
    assert frames[2].data == bytes(200)


@pytest.mark.parametrize("key", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x01\x00\x00\x00", b"\x00\x00\x00\x80"])
def test_masking_is_xor_with_the_key_repeated(key: bytes) -> None:
    data = bytes(range(11))
    assert apply_mask(key, data) == bytes(b ^ key[i % 4] for i, b in enumerate(data))
    assert apply_mask(key, apply_mask(key, data)) == data


def test_a_description_names_what_matters() -> None:
    frame = WebSocket(opcode="text", mask=1, masking_key=b"\x01\x02\x03\x04") / b"hi"
    assert describe(frame) == "WebSocket text [FIN MASK 01020304] b'hi'"
    assert describe(WebSocket(fin=0, length=9) / b"x") == "WebSocket text [no FIN] b'x', length 9 announced"
    closing = WebSocket() / WebSocketClose(code=1002, reason="mask")
    assert describe(closing) == "WebSocket close [FIN] code 1002, reason b'mask'"
