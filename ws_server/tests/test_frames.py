"""Serialising frames, and what the parser spends before it has judged (RFC 6455 section 5.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ws_server.errors import ProtocolError
from ws_server.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    FrameParser,
    frame_header,
    serialise,
)
from ws_server.tests.tables import unhex


class Collector:
    """A receiver that takes every frame."""

    def __init__(self) -> None:
        self._frames: list[tuple[bool, int, bytearray]] = []
        self.whole = 0

    @property
    def frames(self) -> list[tuple[bool, int, bytes]]:
        return [(fin, opcode, bytes(payload)) for fin, opcode, payload in self._frames]

    def frame_begin(self, fin: bool, opcode: int, length: int) -> None:
        self._frames.append((fin, opcode, bytearray()))

    def frame_buffer(self, length: int) -> bytearray:
        payload = self._frames[-1][2]
        payload.extend(bytes(length))
        return payload

    def frame_data(self, start: int, end: int) -> None:
        pass

    def frame_end(self) -> None:
        self.whole += 1


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (serialise(TEXT, b"Hello"), "81 05 48 65 6c 6c 6f"),
        (serialise(TEXT, b"Hello", key=unhex("37 fa 21 3d")), "81 85 37 fa 21 3d 7f 9f 4d 51 58"),
        (serialise(TEXT, b"Hel", fin=False), "01 03 48 65 6c"),
        (serialise(CONTINUATION, b"lo"), "80 02 6c 6f"),
        (serialise(PING, b"Hello"), "89 05 48 65 6c 6c 6f"),
        (serialise(PONG, b"Hello", key=unhex("37 fa 21 3d")), "8a 85 37 fa 21 3d 7f 9f 4d 51 58"),
        (frame_header(BINARY, 256), "82 7e 01 00"),
        (frame_header(BINARY, 65536), "82 7f 00 00 00 00 00 01 00 00"),
    ],
)
@pytest.mark.rfc6455("5.2-lengths", "5.3-unmask")
def test_examples_of_section_5_7(frame: bytes, expected: str) -> None:
    assert frame == unhex(expected)


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, "82 00"),
        (125, "82 7d"),
        (126, "82 7e 00 7e"),
        (127, "82 7e 00 7f"),
        (65535, "82 7e ff ff"),
        (65536, "82 7f 00 00 00 00 00 01 00 00"),
    ],
)
@pytest.mark.rfc6455("5.2-minimal")
def test_length_in_the_minimal_number_of_bytes(length: int, header: str) -> None:
    assert frame_header(BINARY, length) == unhex(header)


frames = st.tuples(
    st.booleans(),
    st.sampled_from([CONTINUATION, TEXT, BINARY]),
    st.binary(max_size=300),
    st.binary(min_size=4, max_size=4),
)


@given(st.lists(frames, max_size=5), st.lists(st.integers(1, 50), min_size=1))
@pytest.mark.rfc6455("6.2-segments")
def test_what_is_serialised_is_parsed_however_it_is_cut(
    rows: list[tuple[bool, int, bytes, bytes]], sizes: list[int]
) -> None:
    data = b"".join(serialise(opcode, payload, fin, key) for fin, opcode, payload, key in rows)
    collector = Collector()
    parser = FrameParser(collector)
    turn = 0
    while data:
        size = sizes[turn % len(sizes)]
        parser.feed(data[:size])
        data = data[size:]
        turn += 1
    assert collector.frames == [(fin, opcode, payload) for fin, opcode, payload, _ in rows]
    assert collector.whole == len(rows)


def test_buffer_may_be_reused_after_feed() -> None:
    collector = Collector()
    parser = FrameParser(collector)
    buffer = bytearray(serialise(BINARY, b"first", key=b"abcd"))
    parser.feed(buffer)
    buffer[:] = bytes(len(buffer))
    assert collector.frames == [(True, BINARY, b"first")]


def test_only_a_part_of_the_buffer_is_read() -> None:
    collector = Collector()
    frame = serialise(BINARY, b"abc", key=b"abcd")
    FrameParser(collector).feed(b"xx" + frame + b"yy", 2, 2 + len(frame))
    assert collector.frames == [(True, BINARY, b"abc")]


@pytest.mark.parametrize(
    ("data", "enough"),
    [
        ("81 05", 2),
        ("c1 85", 2),
        ("83 80", 2),
        ("09 80", 2),
        ("89 fe", 2),
        ("82 fe 00 7d", 4),
        ("82 ff 80 00 00 00 00 00 00 00", 10),
    ],
)
def test_wrong_header_is_refused_at_its_first_wrong_byte(data: str, enough: int) -> None:
    collector = Collector()
    parser = FrameParser(collector)
    raw = unhex(data)
    parser.feed(raw[: enough - 1])
    with pytest.raises(ProtocolError):
        parser.feed(raw[enough - 1 : enough])
    assert not collector.frames


def test_client_side_refuses_masked_frames_of_a_server() -> None:
    with pytest.raises(ProtocolError, match="frame is masked"):
        FrameParser(Collector(), masked=False).feed(serialise(TEXT, b"x", key=b"abcd"))


def test_after_an_error_the_close_frame_is_found() -> None:
    collector = Collector()
    parser = FrameParser(collector)
    with pytest.raises(ProtocolError):
        parser.feed(unhex("c1 83"))
    parser.skip()
    for byte in (
        b"abcd" + b"xyz" + serialise(PING, b"?", key=b"abcd") + serialise(CLOSE, b"\x03\xe8", key=b"abcd")
    ):
        assert parser.close_skipped is None
        parser.feed(bytes((byte,)))
    assert parser.close_skipped == bytearray(b"\x03\xe8")
    assert not collector.frames


class Forgetful(Collector):
    """Has no memory the first two times it is asked for a buffer, and to take a frame."""

    def __init__(self) -> None:
        super().__init__()
        self.refusals = 4

    def frame_buffer(self, length: int) -> bytearray:
        if self.refusals > 2:
            self.refusals -= 1
            raise MemoryError
        return super().frame_buffer(length)

    def frame_end(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise MemoryError
        super().frame_end()


@pytest.mark.parametrize("size", [1, 4, 5, 1000])
@pytest.mark.parametrize("length", [0, 1, 4, 300])
def test_parser_goes_on_where_memory_was_missing(length: int, size: int) -> None:
    payload = bytes(range(256)) + bytes(44)
    data = serialise(BINARY, payload[:length], key=b"abcd") + serialise(TEXT, b"next", key=b"efgh")
    collector = Forgetful()
    parser = FrameParser(collector)
    failures = 0
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        while True:
            try:
                parser.feed(piece)
            except MemoryError:
                failures += 1
                piece = piece[parser.position :]
            else:
                break
    assert failures == 4
    assert collector.frames == [(True, BINARY, payload[:length]), (True, TEXT, b"next")]
    assert collector.whole == 2
