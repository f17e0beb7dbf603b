"""Keywords for single packets: a Scapy expression goes out, the board's answer is judged by its fields."""

from __future__ import annotations

from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any

from robot.api import logger
from scapy.layers import inet, inet6, l2
from scapy.packet import Packet, Raw

from bench.peer_error import PeerError
from bench.robot.keywords.base import Keywords

_NAMES = {
    name: value
    for module in (l2, inet, inet6)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, Packet)
} | {"Raw": Raw}
"""What an expression may name: Scapy's layers of Ethernet, IPv4 and IPv6."""


_UNASKED = (inet6.ICMPv6MLReport, inet6.ICMPv6ND_NS, inet6.ICMPv6ND_RS)
"""What a board on IPv6 sends of its own accord, whatever it has received."""


class PacketKeywords(Keywords):
    """Packets outside any connection.

    A packet is an expression in Scapy's notation; the names of its layers for Ethernet, ARP, IPv4, IPv6,
    ICMP, TCP and UDP are known. Addresses that it leaves open are those of the bench host and the board.
    """

    def send_packet(self, packet: str) -> None:
        """Send a packet once.

        | Send Packet | IP()/ICMP(id=1)/b'abc' |
        """
        self._send_packet(packet)

    def packet_should_be_answered(self, packet: str, *fields: str) -> None:
        """The first answer of the board within half a virtual second of a packet has to have these fields.

        ARP requests, neighbour and router solicitations and multicast reports of the board are no answers.

        A field is ``layer.field=value``. Numbers may have any notation of Python; other values are compared
        as Scapy shows them, and may have ``*`` for any characters.

        | Packet Should Be Answered | IP()/TCP(dport=9, seq=100, flags="S") | TCP.flags=RA | TCP.ack=101 |
        """
        answer = self._answer(packet, timedelta(milliseconds=500))
        if answer is None:
            raise PeerError(packet, f"an answer with {', '.join(fields)}", "nothing")
        logger.info(f"came: {answer.summary()}")
        wrong = [field for field in fields if not _has(answer, field)]
        if wrong:
            instead = ", ".join(_value(answer, field) for field in wrong)
            raise PeerError(packet, f"an answer with {', '.join(wrong)}", f"{instead} in {_told(answer)}")

    def packet_should_be_ignored(self, packet: str, within: timedelta = timedelta(milliseconds=500)) -> None:
        """The board may send no answer of any kind within so much virtual time of a packet.

        | Packet Should Be Ignored | IP()/UDP(dport=9, chksum=1)/b"abc" |
        | Packet Should Be Ignored | IP(version=5)/ICMP() | within=2 s |
        """
        answer = self._answer(packet, within)
        if answer is not None:
            raise PeerError(packet, "silence", _told(answer))

    def _send_packet(self, packet: str) -> None:
        try:
            made: Any = eval(packet, {"__builtins__": {"bytes": bytes, "range": range}}, _NAMES)
        except Exception as error:  # whatever a wrong expression raises
            raise AssertionError(f"{packet} is no packet: {type(error).__name__}: {error}") from None
        if not isinstance(made, Packet):
            raise AssertionError(f"{packet} is a {type(made).__name__}, not a packet")
        self.board.wire.send(made, comment=made.summary())

    def _answer(self, packet: str, within: timedelta) -> Packet | None:
        self._send_packet(packet)
        seen = self.board.wire.sniff(count=1, timeout=within.total_seconds(), lfilter=_is_answer)
        return seen[0] if seen else None


def _is_answer(packet: Packet) -> bool:
    if l2.ARP in packet:
        return bool(packet[l2.ARP].op != 1)
    return not any(layer in packet for layer in _UNASKED)


def _told(packet: Packet) -> str:
    return str(packet.summary()).removeprefix("Ether / ").removesuffix(" / Padding")


def _value(packet: Packet, field: str) -> str:
    """What the packet has where `field`, which is well-formed, wants something else."""
    path = field.partition("=")[0]
    layer, _, name = path.partition(".")
    return f"{path}={packet[_NAMES[layer]].getfieldval(name)}" if _NAMES[layer] in packet else f"no {layer}"


def _has(packet: Packet, field: str) -> bool:
    """Whether `layer.field=value` holds. Raises AssertionError if it is not written like this."""
    path, equals, wanted = field.partition("=")
    layer, dot, name = path.partition(".")
    if not equals or not dot or layer not in _NAMES:
        raise AssertionError(f"{field!r} is not of the form layer.field=value, with a layer that Scapy has")
    names = [known.name for known in _NAMES[layer].fields_desc]
    if name not in names:
        raise AssertionError(f"{layer} has no field {name!r}, but: {', '.join(names)}")
    if _NAMES[layer] not in packet:
        return False
    value = getattr(packet[_NAMES[layer]], name)
    if isinstance(value, bytes):
        return value == wanted.encode("latin-1").decode("unicode_escape").encode("latin-1")
    if isinstance(value, int):
        try:
            return int(value) == int(wanted, 0)
        except ValueError:
            pass
    return fnmatchcase(str(value), wanted)
