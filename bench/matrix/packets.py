"""The packets that are modified: for each layer and state, correct ones of every kind that matters there.

The first of a layer and state is its usual one, and its cases do not name it; see `Base.name`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network

from scapy.layers.inet import ICMP, IP, TCP, IPOption_LSRR, IPOption_NOP, IPOption_RR
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6MLQuery,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptSrcLLAddr,
    ICMPv6PacketTooBig,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    RouterAlert,
)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from bench.addresses import BENCH, BOARD
from bench.layers.http_upgrade import UpgradeRequest
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.matrix.states import REQUEST_BEGUN, TCP_STATES, Ends

PAYLOAD = b"0123456789abcdef"
TCP_HEADERS = 54
"""Bytes of the Ethernet, IPv4 and TCP headers before a stream's data."""
HLIM_ND = 255
"""Hop limit that Neighbor Discovery demands (RFC 4861, section 7.1)."""
SOLICITED_MAC, SOLICITED = "33:33:ff:00:00:01", "ff02::1:ff00:1"
BROADCAST = str(ip_network(f"{BOARD.ip}/{BOARD.prefix}", strict=False).broadcast_address)
ALL_NODES_MAC, ALL_NODES = "33:33:00:00:00:01", "ff02::1"


@dataclass(frozen=True)
class Base:
    """A correct packet, and which of its layers are to be modified."""

    name: str
    """Empty for the usual one of its layer and state."""
    packet: Packet = field(repr=False)
    first: type[Packet]
    """The lowest layer that is modified."""
    last: type[Packet] | None = None
    """The highest one; None for all above `first`, payload included."""
    stream: bytes | None = None
    """For WebSocket and HTTP: what the segment carries, as the thing that is modified."""

    @property
    def frame(self) -> bytes:
        """The packet's bytes."""
        return bytes(self.packet)


def of_ethernet(ends: Ends) -> Iterator[Base]:
    """Ethernet: what the controller and the driver see."""
    yield Base("", _ether() / _ip() / ICMP(id=1) / PAYLOAD, Ether, Ether)
    yield Base("arp", Ether(src=BENCH.mac, dst="ff:ff:ff:ff:ff:ff") / _arp(), Ether, Ether)
    yield Base("ipv6", _ether() / _ip6() / ICMPv6EchoRequest(id=1, data=PAYLOAD), Ether, Ether)


def of_arp(ends: Ends) -> Iterator[Base]:
    """ARP (RFC 826)."""
    yield Base("", Ether(src=BENCH.mac, dst="ff:ff:ff:ff:ff:ff") / _arp(), ARP)
    yield Base("reply", _ether() / _arp(op=2, hwdst=BOARD.mac), ARP)


def of_ipv4(ends: Ends) -> Iterator[Base]:
    """IPv4 (RFC 791)."""
    if ends.state != "listen":
        yield Base("", _segment(ends, "PA", _ping()), IP, IP)
        return
    echo = ICMP(id=1) / PAYLOAD
    yield Base("", _ether() / _ip() / echo, IP, IP)
    options = [IPOption_NOP(), IPOption_RR(routers=["0.0.0.0"]), IPOption_LSRR(routers=[BENCH.ip])]
    yield Base("options", _ether() / _ip(options=options) / echo, IP, IP)
    yield Base("first-fragment", _ether() / _ip(flags="MF") / echo, IP, IP)
    yield Base("last-fragment", _ether() / _ip(frag=2, proto=1) / Raw(PAYLOAD), IP, IP)
    yield Base("syn", _segment(ends, "S"), IP, IP)
    to_all = Ether(src=BENCH.mac, dst="ff:ff:ff:ff:ff:ff")
    yield Base("broadcast", to_all / _ip(dst=BROADCAST) / echo, IP, IP)


def of_ipv6(ends: Ends) -> Iterator[Base]:
    """IPv6 and its extension headers (RFC 8200)."""
    if ends.state != "listen":
        yield Base("", _segment(ends, "PA", _ping()), IPv6, IPv6)
        return
    echo = ICMPv6EchoRequest(id=1, data=PAYLOAD)
    yield Base("", _ether() / _ip6() / echo, IPv6, IPv6)
    yield Base("no-next-header", _ether() / _ip6(nh=59) / Raw(b"none"), IPv6, IPv6)
    hops = IPv6ExtHdrHopByHop(options=[RouterAlert()])
    yield Base("hop-by-hop", _ether() / _ip6() / hops / echo, IPv6ExtHdrHopByHop, IPv6ExtHdrHopByHop)
    options = IPv6ExtHdrDestOpt()
    yield Base("options", _ether() / _ip6() / options / echo, IPv6ExtHdrDestOpt, IPv6ExtHdrDestOpt)
    route = IPv6ExtHdrRouting(type=0, addresses=[BENCH.ip6])
    yield Base("routing", _ether() / _ip6() / route / echo, IPv6ExtHdrRouting, IPv6ExtHdrRouting)
    for name, more, offset in (("atomic-fragment", 0, 0), ("first-fragment", 1, 0), ("last-fragment", 0, 3)):
        header = IPv6ExtHdrFragment(m=more, offset=offset, id=7)
        yield Base(name, _ether() / _ip6() / header / echo, IPv6ExtHdrFragment, IPv6ExtHdrFragment)


def of_icmp(ends: Ends) -> Iterator[Base]:
    """ICMP (RFC 792)."""
    yield Base("", _ether() / _ip() / ICMP(id=1) / PAYLOAD, ICMP)
    yield Base("timestamp", _ether() / _ip() / ICMP(type=13, ts_ori=1, ts_rx=2, ts_tx=3), ICMP)
    quoted = IP(src=BOARD.ip, dst=BENCH.ip, id=1) / TCP(sport=8080, dport=40000)
    error = ICMP(type=3, code=4, nexthopmtu=68) / Raw(bytes(quoted))
    yield Base("unreachable", _ether() / _ip() / error, ICMP)


def of_icmpv6(ends: Ends) -> Iterator[Base]:
    """ICMPv6 (RFC 4443), Neighbor Discovery (RFC 4861) and MLD (RFC 2710)."""
    yield Base("", _ether() / _ip6() / ICMPv6EchoRequest(id=1, data=PAYLOAD), ICMPv6EchoRequest)
    to_group = Ether(src=BENCH.mac, dst=SOLICITED_MAC) / _ip6(dst=SOLICITED, hlim=HLIM_ND)
    source = ICMPv6NDOptSrcLLAddr(lladdr=BENCH.mac)
    yield Base("solicitation", to_group / ICMPv6ND_NS(tgt=BOARD.ip6) / source, ICMPv6ND_NS)
    yield Base("solicitation-ip", to_group / ICMPv6ND_NS(tgt=BOARD.ip6) / source, IPv6, IPv6)
    detecting = Ether(src=BENCH.mac, dst=SOLICITED_MAC) / _ip6(src="::", dst=SOLICITED, hlim=HLIM_ND)
    yield Base("duplicate-detection", detecting / ICMPv6ND_NS(tgt=BOARD.ip6), IPv6)
    yield Base("unspecified", detecting / ICMPv6ND_NS(tgt=BOARD.ip6) / source, ICMPv6ND_NS)
    to_board = _ether() / _ip6(hlim=HLIM_ND)
    target = ICMPv6NDOptDstLLAddr(lladdr=BENCH.mac)
    yield Base("advertisement", to_board / ICMPv6ND_NA(tgt=BENCH.ip6, R=0, S=1, O=1) / target, ICMPv6ND_NA)
    to_all = Ether(src=BENCH.mac, dst=ALL_NODES_MAC)
    router = IPv6(src=BENCH.link_local, dst=ALL_NODES, hlim=HLIM_ND)
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:1::", prefixlen=64)
    announced = ICMPv6ND_RA(routerlifetime=0) / prefix / ICMPv6NDOptMTU(mtu=1400)
    yield Base("router", to_all / router / announced, ICMPv6ND_RA)
    quoted = IPv6(src=BOARD.ip6, dst=BENCH.ip6) / TCP(sport=8080, dport=40000)
    yield Base("too-big", _ether() / _ip6() / ICMPv6PacketTooBig(mtu=1280) / Raw(bytes(quoted)),
               ICMPv6PacketTooBig)  # fmt: skip
    query = IPv6(src=BENCH.link_local, dst=ALL_NODES, hlim=1) / IPv6ExtHdrHopByHop(options=[RouterAlert()])
    yield Base("listener-query", to_all / query / ICMPv6MLQuery(mrd=100), ICMPv6MLQuery)
    yield Base("listener-query-ip", to_all / query / ICMPv6MLQuery(mrd=100), IPv6, IPv6ExtHdrHopByHop)


def of_tcp(ends: Ends) -> Iterator[Base]:
    """TCP (RFC 9293)."""
    options = [("MSS", 1460), ("SAckOK", b""), ("Timestamp", (1, 0)), ("NOP", None), ("WScale", 3)]
    syn = Base("syn", _segment(ends, "S", options=options), TCP)
    data = _ping() if ends.state == "upgraded" else b"GET / HT"
    stamp = [("NOP", None), ("NOP", None), ("Timestamp", (2, 1))]
    segment = Base("data", _segment(ends, "PA", data, options=stamp), TCP)
    rest = [
        Base("ack", _segment(ends, "A", options=[("NOP", None), ("NOP", None), ("SAck", (1, 2))]), TCP),
        Base("fin", _segment(ends, "FA"), TCP),
        Base("rst", _segment(ends, "R"), TCP),
    ]
    usual, other = (syn, segment) if ends.state == "listen" else (segment, syn)
    yield Base("", usual.packet, TCP)
    yield from (other, *rest)


def of_http(ends: Ends) -> Iterator[Base]:
    """The opening handshake (RFC 6455, section 4.2.1)."""
    request = bytes(UpgradeRequest(path="/chat", protocols=["a", "b"]))
    if ends.state == "requesting":
        request = request[len(REQUEST_BEGUN) :]
        request = b"ade: websocket\r\n" + bytes(UpgradeRequest()).split(b"websocket\r\n", 1)[1]
    yield Base("", _segment(ends, "PA", request), TCP, stream=request)


def of_websocket(ends: Ends) -> Iterator[Base]:
    """WebSocket frames (RFC 6455, section 5.2)."""
    close = WebSocket(opcode="close", mask=1, masking_key=bytes(4)) / WebSocketClose(code=1000, reason="bye")
    frames = {
        "text": WebSocket(opcode="text", mask=1) / "h\u00e9llo".encode(),
        "binary": WebSocket(opcode="binary", mask=1) / PAYLOAD,
        "ping": WebSocket(opcode="ping", mask=1) / b"ping",
        "pong": WebSocket(opcode="pong", mask=1) / b"pong",
        "close": close,
        "empty": WebSocket(opcode="text", mask=1),
        "medium": WebSocket(opcode="text", mask=1) / (b"m" * 130),
        "large": WebSocket(opcode="binary", mask=1, length=127, ext_length=65536) / PAYLOAD,
        "continuation": WebSocket(opcode="continuation", mask=1) / b"ment",
    }
    usual = "continuation" if ends.state == "fragmented" else "text"
    for name in sorted(frames, key=lambda name: name != usual):
        stream = bytes(frames[name])
        yield Base("" if name == usual else name, _segment(ends, "PA", stream), TCP, stream=stream)


LAYERS: dict[str, tuple[Callable[[Ends], Iterator[Base]], tuple[str, ...]]] = {
    "ethernet": (of_ethernet, ("listen",)),
    "arp": (of_arp, ("listen",)),
    "ipv4": (of_ipv4, ("listen", "upgraded")),
    "ipv6": (of_ipv6, ("listen", "upgraded")),
    "icmp": (of_icmp, ("listen",)),
    "icmpv6": (of_icmpv6, ("listen",)),
    "tcp": (of_tcp, ("listen", *TCP_STATES, "upgraded")),
    "http": (of_http, ("established", "requesting")),
    "websocket": (of_websocket, ("upgraded", "fragmented", "failed")),
}
"""The layers of the matrix: their packets, and the states they are sent in."""


def _ether() -> Ether:
    return Ether(src=BENCH.mac, dst=BOARD.mac)


def _arp(**fields: object) -> ARP:
    return ARP(**{"hwsrc": BENCH.mac, "psrc": BENCH.ip, "pdst": BOARD.ip, **fields})


def _ip(**fields: object) -> IP:
    return IP(**{"src": BENCH.ip, "dst": BOARD.ip, "id": 0x1234, **fields})


def _ip6(**fields: object) -> IPv6:
    return IPv6(**{"src": BENCH.ip6, "dst": BOARD.ip6, **fields})


def _ping() -> bytes:
    return bytes(WebSocket(opcode="ping", mask=1) / b"ping")


def _segment(ends: Ends, flags: str, data: bytes = b"", options: object = ()) -> Packet:
    tcp = TCP(
        sport=ends.source.port,
        dport=ends.target.port,
        seq=ends.seq,
        ack=ends.ack if "A" in flags else 0,
        flags=flags,
        window=4096,
        options=list(options),  # type: ignore[call-overload]  # Scapy is untyped
    )
    ip = _ip() if len(ends.source.ip) == 4 else _ip6()
    return _ether() / ip / tcp / Raw(data) if data else _ether() / ip / tcp
