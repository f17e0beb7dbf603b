"""What our layers build, as tshark reads it: frames and options that no conversation with the board has."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bench import Wire
from bench.capture import Capture
from bench.layers.tcp_options import (
    NOP,
    SACK_PERMITTED,
    Options,
    maximum_segment_size,
    sack,
    timestamps,
    window_scale,
)
from bench.layers.tcpip import ACK, PSH, SYN, Endpoint, Segment, build
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.layers.websocket_upgrade import HTTPUpgradeRequest, HTTPUpgradeResponse
from bench.tcp_peer import TcpPeer
from packet_tests.test_captures_tshark import TSHARK, as_tshark_sees_it, as_we_see_it, quiet, tshark

pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed: apt-get install tshark")
__all__ = ["quiet"]  # a fixture

CLIENT = Endpoint.of("00:00:5e:00:53:02", "192.0.2.2", 50000)
SERVER = Endpoint.of("00:00:5e:00:53:01", "192.0.2.1", 8080)
FRAMES = 60


def frames_of(rng: random.Random, fragmented: bool, masked: bool) -> bytes:
    """Random well-formed frames: every form of length, fragments, control frames in between."""
    frames: list[WebSocket] = []
    open_message = False
    for _ in range(FRAMES):
        opcode = rng.choice([1, 2, 9, 10])
        size = rng.choice([0, 1, rng.randrange(126), 125])
        fin = 1
        if opcode < 8:
            size = rng.choice([size, 126, 127, rng.randrange(3000), 65536 if rng.random() < 0.05 else 300])
            fin = rng.randrange(2) if fragmented else 1
            opcode = 0 if open_message else opcode
            open_message = not fin
        payload = bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=size))
        key = {"mask": 1, "masking_key": rng.randbytes(4)} if masked else {}
        frames.append(WebSocket(opcode=opcode, fin=fin, **key) / payload)
    if open_message:
        frames.append(WebSocket(opcode=0, mask=int(masked)))
    frames.append(WebSocket(mask=int(masked)) / WebSocketClose(code=1000, reason="done"))
    return b"".join(bytes(frame) for frame in frames)


def cut(rng: random.Random, data: bytes) -> list[bytes]:
    """Segments of 1 to 1460 bytes."""
    cuts, at = [0], 0
    while at < len(data):
        at = min(len(data), at + rng.choice([1, 2, rng.randrange(1, 100), rng.randrange(1, 1461), 1460]))
        cuts.append(at)
    return [data[a:b] for a, b in pairwise(cuts)]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("fragmented", [False, True], ids=["whole", "fragmented"])
def test_random_frames_in_random_segments_are_read_alike(tmp_path: Path, fragmented: bool, seed: int) -> None:
    rng = random.Random(seed)
    request, response = bytes(HTTPUpgradeRequest()), bytes(HTTPUpgradeResponse())
    client = cut(rng, frames_of(rng, fragmented, masked=True))
    # The server's first frames may come in one segment with its response.
    server = cut(rng, response + frames_of(rng, fragmented, masked=False))
    opened = next(n for n in range(len(server)) if sum(map(len, server[: n + 1])) >= len(response)) + 1
    turns = [True] * len(client) + [False] * (len(server) - opened)
    rng.shuffle(turns)
    conversation = [(True, piece) for piece in cut(rng, request)]
    conversation += [(False, server.pop(0)) for _ in range(opened)]
    conversation += [(turn, client.pop(0) if turn else server.pop(0)) for turn in turns]
    capture = Capture()
    numbers = {True: 1000, False: 5000}

    def add(to_server: bool, flags: int, payload: bytes) -> None:
        source, destination = (CLIENT, SERVER) if to_server else (SERVER, CLIENT)
        segment = Segment(numbers[to_server], numbers[not to_server], flags, 65535, payload)
        numbers[to_server] += segment.length
        direction = "to-board" if to_server else "from-board"
        capture.add(len(capture.frames) / 1000, build(source, destination, segment), direction)

    add(True, SYN, b"")
    add(False, SYN | ACK, b"")
    for to_server, payload in conversation:
        add(to_server, PSH | ACK, payload)
    path = capture.write(tmp_path / "random.pcapng")
    ours, theirs = as_we_see_it(path), as_tshark_sees_it(path)
    assert len(ours) >= 2 * FRAMES
    for direction in (True, False):  # which frame ends first is told differently where both come at once
        one, other = ([f for f in frames if f.to_board == direction] for frames in (ours, theirs))
        if fragmented:  # tshark mixes up the payloads of fragmented messages that cross each other
            one, other = (
                [f if f.opcode >= 8 else replace(f, payload=None) for f in frames] for frames in (one, other)
            )
        assert one == other


def test_tcp_options_are_what_their_names_say(tmp_path: Path) -> None:
    fields = {
        "tcp.options.mss_val": "1337",
        "tcp.options.wscale.shift": "9",
        "tcp.options.sack_perm": "0402",
        "tcp.options.timestamp.tsval": "4294967295",
        "tcp.options.timestamp.tsecr": "7",
        "tcp.options.sack_le": "100",
        "tcp.options.sack_re": "200",
    }
    parts = (
        maximum_segment_size(1337),
        NOP + window_scale(9),
        NOP * 2 + SACK_PERMITTED,
        NOP * 2 + timestamps(0xFFFFFFFF, 7),
        NOP * 2 + sack((100, 200)),
    )
    capture = Capture()
    segment = Segment(1, 0, SYN, 100, options=b"".join(parts))
    capture.add(0.0, build(CLIENT, SERVER, segment), "to-board")
    path = capture.write(tmp_path / "options.pcapng")
    options = [word for name in fields for word in ("-e", name)]
    off = ["-o", "tcp.relative_sequence_numbers:FALSE"]
    shown = tshark(path, *off, "-T", "fields", *options).rstrip("\n").split("\t")
    assert dict(zip(fields, shown, strict=True)) == fields


def test_a_peers_options_are_well_formed_on_the_wire(wire: Wire, capture: Capture, tmp_path: Path) -> None:
    offers = Options(window_scale=7, sack_permitted=True, timestamps=True)
    with TcpPeer(wire, options=offers) as peer:
        peer.send(b"GET / HTTP/1.1\r\n")
        peer.wait_acknowledged()
    path = capture.write(tmp_path / "peer.pcapng")
    assert (
        tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= error || tcp.checksum.status == Bad")
        == ""
    )
    shown = tshark(
        path, "-Y", "tcp.flags.syn == 1 && tcp.flags.ack == 0", "-T", "fields", "-e", "tcp.option_kind"
    )
    assert shown.split() == ["2,1,3,1,1,4,1,1,8"]
