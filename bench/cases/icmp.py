"""ICMP and ICMPv6 messages that break a rule, or quote a packet that is none: entries 23 to 27."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.packet import Raw

from bench.addresses import BENCH, BOARD
from bench.cases.actions import Echo
from bench.cases.case import Start, entry, variant
from bench.cases.ethernet import ethernet
from bench.cases.ipv4 import PARAMETER_PROBLEM, PROTOCOL_UNREACHABLE, REPLY
from bench.cases.steps import Crafted, Frames, Numbers, Send
from bench.cases.words import ALIVE, SILENCE, echo_reply, icmp_error
from bench.layers.tcpip import checksum

ICMP6 = 58
UNKNOWN_NEXT_HEADER = (icmp_error("ICMPv6", 4, 1, " pointer 6"),)


def icmp(message: bytes, *, protocol: int = 1, options: bytes = b"", dst: str = BOARD.ip) -> IP:
    """A packet with this message."""
    return IP(src=BENCH.ip, dst=dst, proto=protocol, options=options) / Raw(message)


def summed(message: bytes, *, ipv6: bool = False) -> bytes:
    """A message with the right checksum, if it is long enough to hold one."""
    if len(message) < 4:
        return message
    message = message[:2] + b"\0\0" + message[4:]
    pseudo = b""
    if ipv6:
        pseudo = bytes(IPv6(src=BENCH.ip6, dst=BOARD.ip6))[8:40] + struct.pack("!II", len(message), ICMP6)
    return message[:2] + checksum(pseudo + message).to_bytes(2, "big") + message[4:]


def icmpv6(message: bytes) -> bytes:
    """A frame with this message."""
    return ethernet(0x86DD, bytes(IPv6(src=BENCH.ip6, dst=BOARD.ip6, nh=ICMP6) / Raw(message)))


ECHO = bytes(ICMP(id=1) / b"ping")
ECHO6 = bytes(IPv6(src=BENCH.ip6, dst=BOARD.ip6) / ICMPv6EchoRequest(id=1, data=b"ping"))[40:]

CHECKSUM = entry(
    "icmp",
    23,
    "checksum",
    "An echo request with a wrong checksum",
    expected="The request is dropped without a reply.",
    source="RFC 1122, section 3.2.2.6; RFC 4443, section 2.3",
    cases=[
        variant(f"{name}-xor-{spoil:04x}", Send(frame))
        for spoil in (0x0001, 0x0100, 0xFFFF)
        for name, frame in (
            (
                "ipv4",
                icmp(
                    ECHO[:2] + (checksum(ECHO[:2] + b"\0\0" + ECHO[4:]) ^ spoil).to_bytes(2, "big") + ECHO[4:]
                ),
            ),
            (
                "ipv6",
                icmpv6(
                    ECHO6[:2] + (int.from_bytes(ECHO6[2:4], "big") ^ spoil).to_bytes(2, "big") + ECHO6[4:]
                ),
            ),
        )
    ]
    + [
        variant("ipv6-none", Send(icmpv6(ECHO6[:2] + b"\0\0" + ECHO6[4:]))),
        variant("odd-length", Send(icmp(summed(ECHO + b"odd") + b"x"))),
    ],
)

SHORT = entry(
    "icmp",
    24,
    "short-echo",
    "An echo request shorter than its header",
    expected="The request is dropped without a reply.",
    source="RFC 792, echo; RFC 4443, section 4.1",
    cases=[variant(f"ipv4-{size}", Send(icmp(summed(ECHO[:size])))) for size in range(8)]
    + [variant(f"ipv6-{size}", Send(icmpv6(summed(ECHO6[:size], ipv6=True)))) for size in range(8)],
)

FAMILY = entry(
    "icmp",
    25,
    "other-family",
    "A message of ICMPv6 over IPv4, and the other way round",
    expected="It is ignored, or its protocol is told to be unknown.",
    source="RFC 1122, section 3.2.2; RFC 4443, section 2.4; CVE-2025-12899",
    cases=[
        variant("type-128-over-ipv4", Send(icmp(summed(b"\x80" + ECHO[1:])))),
        variant("type-128-over-ipv4-short", Send(icmp(summed(b"\x80\0\0\0\0\1\0\0")))),
        variant("type-135-over-ipv4", Send(icmp(summed(b"\x87" + bytes(23))))),
        variant(
            "protocol-58-over-ipv4", Send(icmp(ECHO6, protocol=ICMP6)), either=(PROTOCOL_UNREACHABLE, SILENCE)
        ),
        variant("type-8-over-ipv6", Send(icmpv6(summed(ECHO, ipv6=True)))),
        variant(
            "protocol-1-over-ipv6",
            Send(ethernet(0x86DD, bytes(IPv6(src=BENCH.ip6, dst=BOARD.ip6, nh=1) / Raw(ECHO)))),
            either=(UNKNOWN_NEXT_HEADER, SILENCE),
        ),
        *(
            variant(f"unknown-type-{kind}", Send(icmp(summed(bytes([kind]) + ECHO[1:]))))
            for kind in (1, 6, 44, 255)
        ),
        *(
            variant(f"unasked-{name}", Send(icmp(summed(bytes([kind]) + ECHO[1:]))))
            for name, kind in (("echo-reply", 0), ("timestamp-reply", 14), ("redirect", 5))
        ),
    ],
)

TO_GROUP = entry(
    "icmp",
    26,
    "broadcast-and-options",
    "An echo request to a broadcast address, and one with options",
    expected="Silence, or a reply from the board's own address to the sender alone.",
    source="RFC 1122, section 3.2.2.6; RFC 4443, section 4.2",
    cases=[
        variant(f"to-{dst}", Send(icmp(ECHO, dst=dst)), either=(SILENCE, REPLY))
        for dst in ("192.0.2.255", "255.255.255.255", "224.0.0.1")
    ]
    + [
        variant(
            "to-all-nodes",
            Send(IPv6(src=BENCH.ip6, dst="ff02::1") / ICMPv6EchoRequest(id=1, data=b"ping")),
            either=(SILENCE, (echo_reply(1, 0, b"ping", version=6),)),
        ),
        variant(
            "broadcast-from-broadcast",
            Send(IP(src="192.0.2.255", dst="192.0.2.255") / ICMP(id=1) / b"smurf"),
        ),
    ]
    + [
        variant(name, Send(icmp(ECHO, options=options)), either=(REPLY, PARAMETER_PROBLEM))
        for name, options in (
            ("nop", b"\x01\x01\x01\x01"),
            ("record-route", b"\x07\x07\x04" + bytes(5)),
            ("source-route-elsewhere", b"\x83\x07\x04\xcb\x00\x71\x01\x00"),
            ("router-alert", b"\x94\x04\x00\x00"),
        )
    ],
)


@dataclass(frozen=True)
class Quote(Frames):
    """An ICMP error about a segment of the case's connection, of which it quotes `size` bytes.

    `rest` is the second word of the message: unused, an MTU, or a pointer.
    """

    kind: int
    code: int
    size: int
    rest: int = 0

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """See `bench.cases.steps.Step`."""
        ipv6 = len(numbers.local.ip) == 16
        ports = struct.pack("!HHI", numbers.remote.port, numbers.local.port, numbers.receive_next)
        tcp = ports + struct.pack("!IHHHH", numbers.send_next, 0x5010, 1072, 0, 0)
        if ipv6:
            quoted = bytes(IPv6(src=BOARD.ip6, dst=BENCH.ip6, nh=6) / Raw(tcp))
        else:
            quoted = bytes(IP(src=BOARD.ip, dst=BENCH.ip, proto=6) / Raw(tcp))
        message = struct.pack("!BBHI", self.kind, self.code, 0, self.rest) + quoted[: self.size]
        message = summed(message, ipv6=ipv6)
        yield Crafted(icmpv6(message) if ipv6 else ethernet(0x0800, bytes(icmp(message))))


ERRORS = entry(
    "icmp",
    27,
    "errors",
    "Unreachable that quotes a packet cut short, source quench, an absurd MTU",
    expected="No reply to an error; the connection that is meant goes on.",
    source="RFC 1122, section 3.2.2; RFC 5927, section 4; RFC 6633, section 3; RFC 8201, section 4",
    start=Start.ESTABLISHED,
    cases=[
        variant(f"unreachable-quotes-{size}", Quote(3, 1, size), Echo(), expect=(ALIVE,))
        for size in (0, 1, 8, 19, 20, 21, 24, 27, 28, 40)
    ]
    + [
        variant(name, Quote(kind, code, 28, rest), Echo(), expect=(ALIVE,))
        for name, kind, code, rest in (
            ("port-unreachable", 3, 3, 0),
            ("unreachable-code-255", 3, 255, 0),
            ("fragmentation-needed-mtu-0", 3, 4, 0),
            ("fragmentation-needed-mtu-1", 3, 4, 1),
            ("source-quench", 4, 0, 0),
            ("time-exceeded", 11, 0, 0),
            ("parameter-problem", 12, 0, 0xFF000000),
        )
    ]
    + [
        variant(
            f"ipv6-{name}",
            Quote(kind, code, size, rest),
            Echo(),
            ipv6=True,
            expect=(ALIVE,),
        )
        for name, kind, code, size, rest in (
            ("unreachable-quotes-0", 1, 0, 0, 0),
            ("unreachable-quotes-39", 1, 0, 39, 0),
            ("unreachable-quotes-60", 1, 0, 60, 0),
            ("too-big-mtu-0", 2, 0, 60, 0),
            ("too-big-mtu-1", 2, 0, 60, 1),
            ("too-big-mtu-1279", 2, 0, 60, 1279),
            ("too-big-quotes-20", 2, 0, 20, 1000),
            ("parameter-problem", 4, 0, 60, 0xFFFFFFFF),
            ("unknown-error-100", 100, 0, 60, 0),
        )
    ],
)

CASES = (*CHECKSUM, *SHORT, *FAMILY, *TO_GROUP, *ERRORS)
