"""What holds for every packet the board sends, whatever it answers."""

from __future__ import annotations

from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import IPv6, _ICMPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from bench.addresses import BENCH, BOARD, Station


def assert_well_formed(packet: Packet, board: Station = BOARD) -> None:
    """Addresses of the two stations, minimum size, every checksum and length as Scapy computes it."""
    assert packet[Ether].src == board.mac
    assert packet[Ether].dst == BENCH.mac
    raw = bytes(packet)
    assert len(raw) >= 60, (
        f"a frame of {len(raw)} bytes is a runt without its FCS (IEEE 802.3, section 3.2.8)"
    )
    rebuilt = packet.copy()
    for layer, fields in (
        (IP, ("len", "chksum")),
        (IPv6, ("plen",)),
        (TCP, ("chksum",)),
        (ICMP, ("chksum",)),
    ):
        if layer in rebuilt:
            for field in fields:
                delattr(rebuilt[layer], field)
    for layer in rebuilt.iterpayloads():
        if isinstance(layer, _ICMPv6):
            del layer.cksum
    assert bytes(rebuilt) == raw, "a length or checksum is wrong"


def payload_of(packet: Packet, layer: type[Packet]) -> bytes:
    """The bytes above a layer, without Ethernet's padding."""
    inner = packet[layer].payload
    padding = inner.getlayer("Padding")
    data = bytes(inner)
    return data[: len(data) - len(padding.load)] if padding is not None else data
