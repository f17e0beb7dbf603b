"""The captures in Wireshark's eyes: they open, nothing is malformed, and its WebSocket dissector agrees."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Packet
from scapy.sendrecv import sniff
from scapy.sessions import TCPSession
from scapy.utils import rdpcap

from bench import Board, Wire
from bench.capture import Capture
from bench.layers.websocket import (
    WebSocket,
    WebSocketClose,
    WebSocketSegment,
    bind_websocket,
    unbind_websocket,
)
from bench.peer import Peer

PORTS = (8080, 8081, 8082)
TSHARK = shutil.which("tshark")
CHECK_EVERYTHING = [
    option
    for name in ("ip.check_checksum", "tcp.check_checksum", "udp.check_checksum")
    for option in ("-o", f"{name}:TRUE")
]

pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed: apt-get install tshark")


def tshark(path: Path, *options: str) -> str:
    """What tshark prints about a capture."""
    ports = [word for port in PORTS for word in ("-d", f"tcp.port=={port},http")]
    command = [str(TSHARK), "-n", "-r", str(path), *ports, *CHECK_EVERYTHING, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@dataclass(frozen=True)
class Frame:
    """A frame as both dissectors can tell it; `payload` of a data frame is that of the whole message."""

    to_board: bool
    fin: int
    rsv: int
    opcode: int
    mask: int
    length: int
    masking_key: str
    payload: bytes | None
    """None in a fragment that is not the last."""


def as_tshark_sees_it(path: Path) -> list[Frame]:
    frames = []
    for packet in ElementTree.fromstring(tshark(path, "-Y", "websocket", "-T", "pdml")).iter("packet"):
        layers = list(packet)
        inbound = value(packet, "frame.packet_flags_direction", "show") == "0x00000001"
        for position, layer in enumerate(layers):
            if layer.get("name") != "websocket":
                continue
            number = {
                name: int(value(layer, f"websocket.{name}") or "0", 16)
                for name in ("fin", "rsv", "opcode", "mask", "payload_length")
            }
            extended = value(layer, "websocket.payload_length_ext_16") or value(
                layer, "websocket.payload_length_ext_64"
            )
            control = number["opcode"] >= 8
            follower = layers[position + 1] if position + 1 < len(layers) else None
            payload = payload_of(layer, follower)
            frames.append(
                Frame(
                    inbound,
                    number["fin"],
                    number["rsv"],
                    number["opcode"],
                    number["mask"],
                    int(extended, 16) if extended else number["payload_length"],
                    value(layer, "websocket.masking_key"),
                    payload if control or number["fin"] else None,
                )
            )
    return frames


def payload_of(layer: ElementTree.Element, follower: ElementTree.Element | None) -> bytes:
    for name in ("text", "ping", "pong", "unknown", "continue"):
        if found := value(layer, f"websocket.payload.{name}"):
            return bytes.fromhex(found)
    closing = value(layer, "websocket.payload.close.status_code") + value(
        layer, "websocket.payload.close.reason"
    )
    if closing or follower is None or follower.get("name") == "websocket":
        return bytes.fromhex(closing)
    return bytes.fromhex(value(follower, "data.data"))


def value(element: ElementTree.Element, name: str, attribute: str = "value") -> str:
    found = element.find(f".//field[@name='{name}']")
    return "" if found is None else found.get(attribute, "")


def as_we_see_it(path: Path) -> list[Frame]:
    frames = []
    started: dict[tuple[str, int, int], bytes] = {}
    bind_websocket(*PORTS)
    try:
        for packet in sniff(offline=[unpadded(p) for p in rdpcap(str(path))], session=TCPSession, quiet=True):
            if WebSocketSegment not in packet:
                continue
            network = packet[IPv6] if IPv6 in packet else packet[IP]
            stream = (network.src, packet[TCP].sport, packet[TCP].dport)
            for frame in packet[WebSocketSegment].frames:
                payload: bytes | None = frame.data
                if frame.opcode < 8:
                    started[stream] = started.get(stream, b"") + frame.data
                    payload = started.pop(stream) if frame.fin else None
                key = bytes(frame.masking_key).hex() if frame.mask else ""
                rsv = frame.rsv1 << 2 | frame.rsv2 << 1 | frame.rsv3
                frames.append(
                    Frame(
                        packet[TCP].dport in PORTS,
                        frame.fin,
                        rsv,
                        frame.opcode,
                        frame.mask,
                        frame.payload_length,
                        key,
                        payload,
                    )
                )
    finally:
        unbind_websocket(*PORTS)
    return frames


def unpadded(packet: Packet) -> Packet:
    """Without Ethernet's padding, which Scapy's TCPSession would take for data."""
    octets = bytes(packet.original)
    size = 54 + packet[IPv6].plen if IPv6 in packet else 14 + packet[IP].len if IP in packet else len(octets)
    return packet.__class__(octets[:size])


def messages(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.upgrade()
        for size in (0, 1, 2, 125, 126, 127, 535, 536, 4095, 4096):
            peer.echo("t" * size)
            peer.echo(bytes(i % 256 for i in range(size)))
        peer.echo("Grüße 😀")


def fragments(wire: Wire) -> None:
    with Peer(wire, ipv6=True) as peer:
        peer.upgrade()
        peer.send_frame(WebSocket(fin=0) / b"frag")
        peer.send_frame(WebSocket(opcode="ping") / b"between")
        peer.expect_frame("pong", b"between")
        peer.send_frame(WebSocket(fin=0, opcode="continuation"))
        peer.send_frame(WebSocket(opcode="continuation") / b"ments")
        peer.expect_frame("text", b"fragments")


def control(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.upgrade()
        for size in (0, 1, 125):
            peer.send_frame(WebSocket(opcode="ping") / bytes(range(size)))
            peer.expect_frame("pong", bytes(range(size)))
            peer.send_frame(WebSocket(opcode="pong") / bytes(range(size)))
        peer.send_frame(WebSocket() / WebSocketClose(code=4321, reason="Grüße".encode()))
        peer.expect_close(4321)


def masked(wire: Wire) -> None:
    with Peer(wire, port=8082) as peer:
        peer.strict = False  # a client must fail a connection whose server masks
        peer.upgrade(protocols=["masked-echo"])
        for text in (b"masked both ways", b"m" * 200, b"ping:from the server"):
            peer.send_frame(WebSocket() / text)
            assert peer.receive_frame().mask == 1
        for position in range(4):
            key = bytes(0xFF if i == position else 0 for i in range(4))
            peer.send_frame(WebSocket(mask=1, masking_key=key) / b"key byte by key byte")
            peer.receive_frame()


def segments(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.upgrade()
        peer.echo(bytes(200), split=[1, 1, 1, 1, 1, 1, 1, 1, 1], gap=0.002)
        words = [f"word {number}".encode() for number in range(10)]
        data = b"".join(bytes(peer.prepare(WebSocket() / word)) for word in words)
        peer.send(data, split=[len(data)])
        for word in words:
            peer.expect_frame("text", word)
        peer.send(data, split=[5] * (len(data) // 5), gap=0.002)
        for word in words:
            peer.expect_frame("text", word)


def sample(wire: Wire) -> None:
    with Peer(wire, port=8081) as peer:
        peer.strict = False  # Zephyr.js' sample masks its answers
        peer.upgrade(protocols=["my_ws_protocol"])
        for number in range(10):
            peer.send_frame(WebSocket() / b"hello")
            peer.receive_frame()
            if number == 0:
                assert peer.receive_frame().opcode == 9


CONVERSATIONS = [messages, fragments, control, masked, segments, sample]


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda function: function.__name__)
def test_both_dissectors_see_the_same_frames(
    wire: Wire, capture: Capture, tmp_path: Path, conversation: Callable[[Wire], None]
) -> None:
    conversation(wire)
    path = capture.write(tmp_path / "conversation.pcapng")
    ours, theirs = as_we_see_it(path), as_tshark_sees_it(path)
    assert len(ours) > 5
    assert ours == theirs


def test_nothing_that_crosses_the_wire_is_malformed(wire: Wire, capture: Capture, tmp_path: Path) -> None:
    for size in (0, 1, 18, 1472):
        wire.sr1(IP() / ICMP() / bytes(size), timeout=1)
    wire.sr1(IPv6() / ICMPv6EchoRequest(data=b"six"), timeout=1)
    for conversation in CONVERSATIONS:
        conversation(wire)
    path = capture.write(tmp_path / "all.pcapng")
    checksums = [f"{name}.checksum.status == Bad" for name in ("ip", "tcp", "icmp", "icmpv6")]
    bad = ["_ws.malformed", "tcp.analysis.lost_segment", "tcp.analysis.retransmission", *checksums]
    assert tshark(path, "-Y", " || ".join(bad)) == ""


def test_times_directions_and_comments_arrive(
    board: Board, wire: Wire, capture: Capture, tmp_path: Path
) -> None:
    wire.send(IP() / ICMP(id=1) / b"x", comment="the question")
    wire.sniff(count=1, timeout=1, lfilter=lambda p: ICMP in p)
    path = capture.write(tmp_path / "one.pcapng", "a test of comments")
    fields = ["frame.time_epoch", "frame.packet_flags_direction", "frame.comment"]
    shown = tshark(path, "-Y", "icmp", "-T", "fields", *(word for field in fields for word in ("-e", field)))
    question, answer = (line.split("\t") for line in shown.splitlines())
    frames = [frame for frame in capture.frames if frame.data[12:14] == b"\x08\x00"]
    assert [float(question[0]), float(answer[0])] == pytest.approx([frame.time for frame in frames], abs=1e-9)
    assert (int(question[1], 16), int(answer[1], 16)) == (1, 2)
    assert question[2] == "the question"
    if capinfos := shutil.which("capinfos"):
        told = subprocess.run(
            [capinfos, str(path)], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        assert "a test of comments" in told
        assert "nanoseconds" in told


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nothing of the user's Wireshark preferences may change what tshark says."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("WIRESHARK_CONFIG_DIR", str(tmp_path / "wireshark"))
    yield
