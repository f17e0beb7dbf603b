"""Messages (RFC 6455, sections 5.2 to 5.6): what goes in as text or binary comes back the same."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from bench import Wire
from bench.layers.websocket import WebSocket
from bench.peer import Peer

MAX_PAYLOAD = 4096
# Around the three forms of the length, the stack's segments (536) and send buffer (2144), and the limit.
SIZES = [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 255, 256, 257, 531, 532, 533, 535, 536, 537]
SIZES += [1023, 1024, 1460, 2143, 2144, 2145, 4000, MAX_PAYLOAD - 1, MAX_PAYLOAD]


def printable(size: int) -> str:
    return "".join(chr(32 + (i * 7 + i // 95) % 95) for i in range(size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.rfc6455("5.2-lengths", "5.2-minimal", "5.1-server", "5.6-types")
def test_binary_comes_back_as_binary(peer: Peer, size: int) -> None:
    peer.echo(random.Random(size).randbytes(size))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.rfc6455("5.2-lengths", "5.2-minimal", "5.1-server", "5.6-types")
def test_text_comes_back_as_text(peer: Peer, size: int) -> None:
    peer.echo(printable(size))


def test_ipv6_serves_the_same(wire: Wire) -> None:
    with Peer(wire, ipv6=True) as peer:
        peer.upgrade()
        for size in (0, 1, 126, MAX_PAYLOAD):
            peer.echo(printable(size))


@pytest.mark.parametrize(
    "text", ["\0", "\x7f\x80", "Grüße", "\u07ff\u0800\uffff", "\U00010000\U0010ffff", "😀" * 300]
)
@pytest.mark.rfc6455("5.6-types")
def test_characters_of_every_length_in_utf_8(peer: Peer, text: str) -> None:
    peer.echo(text)


@pytest.mark.parametrize("byte", [0x01, 0x80, 0xFF])
@pytest.mark.parametrize("position", range(4))
@pytest.mark.rfc6455("5.3-unmask")
def test_every_byte_of_the_masking_key_counts(peer: Peer, position: int, byte: int) -> None:
    key = bytearray(4)
    key[position] = byte
    data = bytes(range(15))  # the last three bytes make no whole turn of the key
    frame = WebSocket(opcode="binary", mask=1, masking_key=bytes(key)) / data
    peer.send_frame(frame)
    peer.expect_frame("binary", data, rfc="RFC 6455, section 5.3")


@pytest.mark.rfc6455("5.3-unmask")
def test_a_masking_key_of_zeros_is_a_masking_key(peer: Peer) -> None:
    peer.send_frame(WebSocket(mask=1, masking_key=bytes(4)) / b"plain")
    peer.expect_frame("text", b"plain", rfc="RFC 6455, section 5.3")


@pytest.mark.rfc6455("5.3-fresh")
def test_masked_answers_on_request(wire: Wire) -> None:
    with Peer(wire, port=8082) as peer:
        peer.strict = False  # a client must fail a connection whose server masks
        peer.upgrade(protocols=["masked-echo"])
        keys = set()
        for _ in range(3):
            peer.send_frame(WebSocket() / b"mask this")
            frame = peer.receive_frame()
            assert (frame.mask, frame.opcode, frame.data) == (1, 1, b"mask this")
            keys.add(bytes(frame.masking_key))
        assert len(keys) == 3, "RFC 6455, section 5.3: every frame has a fresh masking key"


@pytest.mark.parametrize("cuts", [[0], [5], [0, 0, 5, 5], [1, 2, 3, 4], [0, 10]])
@pytest.mark.rfc6455("5.4-reassemble")
def test_fragments_come_back_as_one_message(peer: Peer, cuts: list[int]) -> None:
    data = b"0123456789"
    edges = [0, *cuts, len(data)]
    for number, (start, end) in enumerate(pairwise(edges)):
        opcode = "text" if number == 0 else "continuation"
        peer.send_frame(WebSocket(fin=int(number == len(cuts)), opcode=opcode) / data[start:end])
    peer.expect_frame("text", data, rfc="RFC 6455, section 5.4")


@pytest.mark.rfc6455("5.4-reassemble", "8.1-utf8")
def test_a_character_may_be_split_between_fragments(peer: Peer) -> None:
    data = "ä😀".encode()
    for number, byte in enumerate(data):
        opcode = "continuation" if number else "text"
        peer.send_frame(WebSocket(fin=int(number == len(data) - 1), opcode=opcode) / bytes([byte]))
    peer.expect_frame("text", data, rfc="RFC 6455, section 8.1")


@pytest.mark.rfc6455("5.4-reassemble")
def test_fragments_that_sum_to_the_limit_are_accepted(peer: Peer) -> None:
    for number in range(4):
        frame = WebSocket(fin=int(number == 3), opcode="binary" if number == 0 else "continuation")
        peer.send_frame(frame / bytes([number] * 1024))
    peer.expect_frame("binary", b"".join(bytes([n] * 1024) for n in range(4)))


def test_a_hundred_messages_in_a_row(peer: Peer) -> None:
    for number in range(100):
        peer.echo(f"message {number}")
