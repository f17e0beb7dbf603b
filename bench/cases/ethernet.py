"""Ethernet frames that no station should take, or not for what they seem: entries 1 to 5."""

from __future__ import annotations

from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1Q, Dot3, Ether

from bench.addresses import BENCH, BOARD
from bench.cases.case import entry, variant
from bench.cases.steps import Send
from bench.cases.words import Some, arp_reply, echo_reply

BROADCAST = "ff:ff:ff:ff:ff:ff"
WHO_HAS = bytes(Ether(src=BENCH.mac, dst=BROADCAST) / ARP(hwsrc=BENCH.mac, psrc=BENCH.ip, pdst=BOARD.ip))
"""An ARP request, 42 bytes; it is answered if the frame is taken for one."""
TOLD = arp_reply(BOARD.ip, BOARD.mac, BENCH.ip)
PING = bytes(IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(id=1) / b"ping")
PING6 = bytes(IPv6(src=BENCH.ip6, dst=BOARD.ip6) / ICMPv6EchoRequest(id=1, data=b"ping"))


def ethernet(kind: int, payload: bytes, *, dst: str = BOARD.mac) -> bytes:
    """A frame with any type."""
    return bytes(Ether(src=BENCH.mac, dst=dst, type=kind)) + payload


RUNT = entry(
    "ethernet",
    1,
    "runt",
    "A frame shorter than 60 bytes, cut off in any header",
    expected="The frame is dropped; nothing is read beyond its end.",
    source="IEEE 802.3, section 4.2.4.2.2; ENC28J60 data sheet DS39662, section 8",
    cases=[
        variant(f"{size}-bytes", Send(WHO_HAS[:size], pad=False))
        for size in (1, 6, 12, 13, 14, 15, 20, 28, 33, 34, 41)
    ]
    + [
        variant(f"echo-of-{size}-bytes", Send(ethernet(0x0800, PING)[:size], pad=False))
        for size in (15, 33, 34, 41)
    ],
)

JUNK = entry(
    "ethernet",
    2,
    "trailer",
    "A frame with bytes after the end of its packet",
    expected="The packet is answered, and the bytes after its end are not part of the answer.",
    source="RFC 894; RFC 1122, section 2.3.3",
    cases=[
        variant(
            f"{size}-of-junk",
            Send(ethernet(0x0800, PING + b"\xa5" * size)),
            expect=(echo_reply(1, 0, b"ping"),),
        )
        for size in (1, 14, 100, 1400)
    ]
    + [
        variant(
            "ipv6",
            Send(ethernet(0x86DD, PING6 + b"\xa5" * 40)),
            expect=(echo_reply(1, 0, b"ping", version=6),),
        ),
        variant("arp", Send(WHO_HAS + b"\xa5" * 400), expect=(TOLD,)),
    ],
)

LARGE = entry(
    "ethernet",
    3,
    "oversize",
    "A frame longer than 1518 bytes, and more frames than the receive ring holds",
    expected="An oversize frame is dropped; of a burst some are answered, and reception goes on.",
    source="IEEE 802.3, section 3.2.7; ENC28J60 data sheet DS39662, sections 3.2 and 7.2",
    cases=[
        variant(
            f"{size}-bytes",
            Send(
                ethernet(0x0800, bytes(IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(id=1) / bytes(size - 46))),
            ),
        )
        for size in (1519, 1600, 2000)
    ]
    + [
        variant(
            f"burst-of-{count}",
            Send(
                *[ethernet(0x0800, bytes(IP(src=BENCH.ip, dst=BOARD.ip) / ICMP(id=1) / bytes(1472)))] * count
            ),
            expect=(Some("ICMP echo reply id=1 seq=0 data=1472 bytes", 1, count),),
            watch=1,
        )
        for count in (10, 40)
    ]
    + [
        variant(
            "burst-of-short-frames",
            Send(*[WHO_HAS] * 250),
            expect=(Some(TOLD, 1, 250),),
            watch=1,
        ),
    ],
)

FCS = entry(
    "ethernet",
    4,
    "bad-fcs",
    "A frame with a wrong frame check sequence",
    expected="The frame is dropped.",
    source="IEEE 802.3, section 3.2.9",
    cases=[
        variant(f"{fcs.hex()}-{what}", Send(frame, fcs=fcs))
        for fcs in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xde\xad\xbe\xef")
        for what, frame in (("arp", WHO_HAS), ("echo", ethernet(0x0800, PING)))
    ],
)

TYPE = entry(
    "ethernet",
    5,
    "ethertype",
    "An unknown EtherType, a length instead of one, and a type that lies about its packet",
    expected="The frame is ignored.",
    source="RFC 1122, section 2.3.3; RFC 1042",
    cases=[
        variant(f"{kind:04x}", Send(ethernet(kind, PING)))
        for kind in (0, 0x0020, 0x05DC, 0x05FF, 0x0600, 0x0801, 0x88B5, 0x9000, 0xFFFF)
    ]
    + [
        variant(
            "llc-snap", Send(bytes(Dot3(src=BENCH.mac, dst=BOARD.mac) / LLC() / SNAP(code=0x0800)) + PING)
        ),
        variant("vlan", Send(bytes(Ether(src=BENCH.mac, dst=BOARD.mac) / Dot1Q(vlan=5, type=0x0800)) + PING)),
        variant("ipv4-called-ipv6", Send(ethernet(0x86DD, PING))),
        variant("ipv6-called-ipv4", Send(ethernet(0x0800, PING6))),
        variant("ipv4-called-arp", Send(ethernet(0x0806, PING))),
        variant("arp-called-ipv4", Send(ethernet(0x0800, WHO_HAS[14:]))),
        variant("for-another-station", Send(ethernet(0x0800, PING, dst="00:00:5e:00:53:99"))),
    ],
)

CASES = (*RUNT, *JUNK, *LARGE, *FCS, *TYPE)
