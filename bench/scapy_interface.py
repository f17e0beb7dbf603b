"""The wire as one of Scapy's network interfaces: `bench0`.

With it Scapy's own functions find the board by its addresses, without being told of a socket:

    sr1(IP(dst="192.0.2.1") / ICMP(), timeout=1)
    sniff(iface="bench0", timeout=1)

and packets that are built, printed or matched have the bench host's addresses, not those of the host
machine. The interface, its routes and its neighbours exist in Scapy's tables of this process only; it leads
to the wire made last. Scapy's `sr` functions send from a second thread, so they run in wall time: the
wire's own are faster and reproducible.
"""

from __future__ import annotations

import ipaddress
import weakref
from typing import Any

from scapy.config import conf
from scapy.interfaces import InterfaceProvider, NetworkInterface
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet

from bench.addresses import Station
from bench.completion import next_hop
from bench.wire import Tap, Wire
from emulation.errors import UserError

NAME = "bench0"
METRIC = 0
"""Before every route of the host machine."""

_wire: weakref.ref[Wire] | None = None


def current_wire() -> Wire:
    """The wire that the interface leads to. Raises UserError without one."""
    wire = _wire() if _wire is not None else None
    if wire is None:
        raise UserError("no board is plugged into the wire", "boot one with Board.boot()")
    return wire


def wire_behind(iface: Any) -> Wire | None:
    """The wire, if that is what Scapy means by this name of an interface (None: its default)."""
    chosen = iface or conf.iface
    return _wire() if _wire is not None and getattr(chosen, "name", chosen) == NAME else None


class FrameSocket(Tap):
    """What Scapy opens to send and receive frames on the interface."""

    desc = "the wire of the bench, layer 2"

    def __init__(self, iface: Any = None, filter: str | None = None, **_options: Any) -> None:
        if filter:
            raise UserError("a BPF filter needs a kernel socket", "give a Python function as lfilter instead")
        wire = current_wire()
        super().__init__(wire)
        wire.remember(self)


class PacketSocket(FrameSocket):
    """What Scapy opens to send and receive packets: without the Ethernet header."""

    desc = "the wire of the bench, layer 3"

    def recv(self, x: int = 0, **options: Any) -> Packet | None:
        """The next packet, None for none."""
        frame = super().recv(x, **options)
        if frame is None:
            return None
        packet = frame.payload
        packet.time = frame.time
        return packet


class BenchProvider(InterfaceProvider):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """Gives Scapy the interface."""

    name = "bench"

    def load(self) -> dict[str, NetworkInterface]:
        """The interface, while there is a wire."""
        wire = _wire() if _wire is not None else None
        if wire is None:
            return {}
        host = wire.host
        data = {
            "name": NAME,
            "network_name": NAME,
            "description": NAME,
            "index": 0x7FFF,
            "mac": host.mac,
            "ips": [host.ip, host.ip6, host.link_local],
        }
        return {NAME: NetworkInterface(self, data)}

    def _l2socket(self, dev: NetworkInterface) -> type[FrameSocket]:
        return FrameSocket

    def _l2listen(self, dev: NetworkInterface) -> type[FrameSocket]:
        return FrameSocket

    def _l3socket(self, dev: NetworkInterface, ipv6: bool) -> type[FrameSocket]:
        return PacketSocket


def attach(wire: Wire) -> None:
    """Let the interface lead to this wire, and make it if it is the first."""
    global _wire
    _wire = weakref.ref(wire)
    if BenchProvider not in conf.ifaces.providers:
        conf.ifaces.register_provider(BenchProvider)
        for layer in (IP, IPv6):
            _resolve_before(layer)
    conf.ifaces.data[NAME] = conf.ifaces.providers[BenchProvider].load()[NAME]
    _route(wire.host, wire.board)


def _route(host: Station, board: Station) -> None:
    network = ipaddress.IPv4Network((host.ip, host.prefix), strict=False)
    mask = int(network.netmask)
    route = int(network.network_address), mask, "0.0.0.0", NAME, host.ip, METRIC
    network6 = ipaddress.IPv6Network((host.ip6, host.prefix6), strict=False)
    routes6 = [
        (str(network6.network_address), host.prefix6, "::", NAME, [host.ip6], METRIC),
        # Not fe80::/64 as a whole: that is on every interface of the host machine.
        (board.link_local, 128, "::", NAME, [host.link_local], METRIC),
    ]
    conf.route.routes = [route, *(r for r in conf.route.routes if r[3] != NAME)]
    conf.route6.routes = [*routes6, *(r for r in conf.route6.routes if r[3] != NAME)]
    conf.route6.ipv6_ifaces.add(NAME)
    conf.route.invalidate_cache()
    conf.route6.invalidate_cache()


def _resolve_before(layer: type[Packet]) -> None:
    """Know the next hop on the wire without asking for it: building a packet must not run the board."""
    otherwise = conf.neighbor.resolvers.get((Ether, layer))

    def resolve(frame: Packet, packet: Packet) -> str | None:
        wire = _wire() if _wire is not None else None
        if wire is not None and packet.route()[0] == NAME:
            return next_hop(packet, wire.board)
        return otherwise(frame, packet) if otherwise is not None else None

    conf.neighbor.register_l3(Ether, layer, resolve)
