"""The bench's own station on a live segment: whose connections are whose, and what else is meant for it.

Each connection of the relay and of the web console registers here, so a frame finds its connection at once
however many there are. What is for no connection is refused with RST (RFC 9293, section 3.10.7.1): a board
that has missed the end of a connection asks with an ACK, and would keep its place for ever without an answer.

Other stations are met with a TAP only (`bench.live.tap_bridge`). They get what the board gets, and one that
has the bench's address keeps it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Protocol

from scapy.layers.inet6 import ICMPv6ND_NS, IPv6
from scapy.layers.l2 import ARP, Ether

from bench.layers.tcpip import Endpoint, Received, parse
from bench.tcp import TcpEndpoint
from bench.wire import Wire

ETHERTYPE_ARP, ETHERTYPE_IPV6 = b"\x08\x06", b"\x86\xdd"
ICMPV6, NEIGHBOR_ADVERTISEMENT = 58, 136

Key = tuple[int, bytes, int]
"""Local port, remote address and remote port."""


class Owner(Protocol):
    """Who has a connection, and takes the frames that are for it."""

    def feed(self, frame: bytes, now: float) -> bool:
        """A frame for its connection."""


class LiveHost:
    """The station `wire.host`.

    `put_down` is called after it has put frames on the wire by itself, `say` with what whoever runs the bench
    should know.
    """

    def __init__(self, wire: Wire, put_down: Callable[[], None], say: Callable[[str], None]) -> None:
        self.yielded: list[Callable[[], None]] = []
        """Called when the station has left its address to another one."""
        self._wire, self._put_down, self._say = wire, put_down, say
        self._owners: dict[Key, Owner] = {}
        self._detach: Callable[[], None] = lambda: None
        self.attach()
        self._mac = bytes.fromhex(wire.host.mac.replace(":", ""))
        station = wire.host
        self._addresses = [
            ipaddress.ip_address(address).packed for address in (station.ip, station.ip6, station.link_local)
        ]

    def attach(self) -> None:
        """Hear the board, also after it was set back to an earlier state, which ends all listening."""
        self._detach()
        self._detach = self._wire.listen(self._arrived, partner=True)

    @property
    def present(self) -> bool:
        """Whether the bench has a station on the segment."""
        return self._wire.neighbour.enabled

    def ends(self, board_port: int) -> tuple[Endpoint, Endpoint]:
        """Both ends of a new connection, from a port that is free, to a port of the board."""
        host, board = self._wire.host, self._wire.board
        there = Endpoint.of(board.mac, board.ip, board_port)
        while True:
            here = Endpoint.of(host.mac, host.ip, self._wire.take_port())
            if _key(here, there) not in self._owners:
                return here, there

    def register(self, tcp: TcpEndpoint, owner: Owner) -> None:
        """Frames for this connection go to `owner` from now on."""
        self._owners[_key(tcp.local, tcp.remote)] = owner

    def forget(self, tcp: TcpEndpoint) -> None:
        """The connection is no more: what still comes for it is refused."""
        self._owners.pop(_key(tcp.local, tcp.remote), None)

    def close(self) -> None:
        """Leave the wire."""
        self._detach()

    # -- what the board sends --------------------------------------------------------------------------------

    def _arrived(self, time: float, frame: bytes) -> None:
        received = parse(frame)
        if received is None or received.destination.ip not in self._addresses:
            return
        owner = self._owners.get(_key(received.destination, received.source))
        if owner is not None:
            owner.feed(frame, time)
        else:
            self._refuse(received, frame)

    def _refuse(self, received: Received, frame: bytes) -> None:
        if not self.present:
            return
        nobody = TcpEndpoint(received.destination, received.source)
        nobody.feed(frame, self._wire.clock.now)
        self._send(nobody.take())

    def _send(self, frames: list[bytes]) -> None:
        for frame in frames:
            self._wire.send(frame)
        if frames:
            self._put_down()

    # -- what other stations send ----------------------------------------------------------------------------

    def ask_for_others(self) -> None:
        """Ask the segment whether another station has the bench's addresses.

        RFC 5227, section 2.1.1; RFC 4862, section 5.4.2. The answer comes to `overhear`.
        """
        if not self.present:
            return
        station = self._wire.host
        probe = Ether(src=station.mac, dst="ff:ff:ff:ff:ff:ff")
        probe /= ARP(hwsrc=station.mac, psrc="0.0.0.0", pdst=station.ip)
        self._send([bytes(probe)])
        group = ipaddress.IPv6Address(
            int(ipaddress.IPv6Address("ff02::1:ff00:0")) | int(ipaddress.IPv6Address(station.ip6)) & 0xFFFFFF
        )
        solicitation = Ether(src=station.mac, dst=b"\x33\x33" + group.packed[12:])
        solicitation /= IPv6(src="::", dst=str(group)) / ICMPv6ND_NS(tgt=station.ip6)
        self._send([bytes(solicitation)])

    def overhear(self, frame: bytes) -> None:
        """A frame of another station than the board, which crosses the wire now."""
        if not self.present:
            return
        if claimed := self._claimed(frame):
            self._yield(*claimed)
            return
        answer = self._wire.neighbour.answer(frame)
        if answer is not None:
            self._send([answer])
            return
        received = parse(frame)
        if received is not None and received.destination.ip in self._addresses:
            self._refuse(received, frame)

    def _claimed(self, frame: bytes) -> tuple[bytes, bytes] | None:
        """The MAC address that claims an address of the bench for itself, and the address.

        RFC 5227, section 2.4; RFC 4862, section 5.4.4.
        """
        kind, packet = frame[12:14], frame[14:]
        if kind == ETHERTYPE_ARP and len(packet) >= 28 and packet[:6] == b"\0\1\x08\0\6\4":
            mac, address = packet[8:14], packet[14:18]
        elif (
            kind == ETHERTYPE_IPV6
            and len(packet) >= 64
            and packet[6:8] == bytes((ICMPV6, 255))
            and packet[40] == NEIGHBOR_ADVERTISEMENT
        ):
            mac, address = frame[6:12], packet[48:64]
        else:
            return None
        return (mac, address) if address in self._addresses and mac != self._mac else None

    def _yield(self, mac: bytes, address: bytes) -> None:
        self._wire.neighbour.enabled = False
        self._say(
            f"{ipaddress.ip_address(address)} belongs to the station {mac.hex(':')}: the bench leaves it to "
            "that, and connects no more clients; give the bench another address (--host), or none (--no-host)"
        )
        for leave in self.yielded:
            leave()


def _key(local: Endpoint, remote: Endpoint) -> Key:
    return local.port, remote.ip, remote.port
