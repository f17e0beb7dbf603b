"""Each checksum and length field of each protocol that the board sends, wrong on the wire.

What the bench's partners do not check, no test that talks to them can find. So every field that a receiver
has to look at is spoilt here, in the frames as they leave; where a checksum covers it, that one is made right
again, or the checksum alone would be found.
"""

from __future__ import annotations

from bench.mutants.edits import Replace, Wrap
from bench.mutants.mutant import Family, Mutant

_NETIF = "firmware/net/netif.c"

_ARP = "packet_tests/test_arp.py::test_a_request_for_the_boards_address_is_answered"
_BOOT = "packet_tests/test_reception.py::test_nothing_is_wrong_with_what_a_board_sends_of_its_own_accord"
_ECHO = "packet_tests/test_icmp.py::test_an_echo_request_comes_back_with_its_data"
_ECHO6 = "packet_tests/test_reception.py::test_an_echo_over_ipv6_is_answered"
_NEIGHBOUR = "packet_tests/test_reception.py::test_a_neighbour_is_asked_for_and_answered"
_UDP = "packet_tests/test_reception.py::test_a_datagram_of_the_board_arrives"
_UNREACHABLE = "packet_tests/test_udp.py::test_a_closed_port_is_reported_unreachable"
_UPGRADE = "packet_tests/test_http_upgrade.py::test_a_client_is_let_in"
_REFUSAL = "packet_tests/test_reception.py::test_a_refusal_is_as_long_as_it_says"
_MESSAGES = "packet_tests/test_websocket_messages.py::test_binary_comes_back_as_binary"
_PONG = "packet_tests/test_websocket_control.py::test_a_ping_is_answered_by_a_pong_with_its_payload"

_SEND = """\
    for (struct pbuf *q = p; q != NULL; q = q->next) {
        enc28j60_write(q->payload, q->len);
    }
"""
_SPOILT = """\
    uint8_t frame[1518];
    pbuf_copy_partial(p, frame, p->tot_len, 0);
    const unsigned type = frame[12] << 8 | frame[13], protocol = type == 0x0800 ? frame[23] : frame[20];
    if ({condition}) {{
        {change}
    }}
    (void)protocol;
    enc28j60_write(frame, p->tot_len);
"""
_PUT = """\
/* Put a byte, and keep the checksum at `sum` right (RFC 1624, section 3). */
static void put(uint8_t *frame, unsigned sum, unsigned at, uint8_t value) {
    uint32_t total = (uint16_t)~(frame[sum] << 8 | frame[sum + 1]);
    total += (uint16_t)~(at & 1 ? frame[at] : frame[at] << 8);
    total += at & 1 ? value : value << 8;
    total = (total & 0xffff) + (total >> 16);
    total = (total & 0xffff) + (total >> 16);
    frame[at] = value;
    frame[sum] = (uint8_t)(~total >> 8);
    frame[sum + 1] = (uint8_t)~total;
}

static err_t ethernet_send("""

IPV4, IPV6 = "type == 0x0800", "type == 0x86dd"
TCP, UDP = f"{IPV4} && protocol == 6", f"{IPV4} && protocol == 17"
IP_SUM, TCP_SUM, UDP_SUM, ICMPV6_SUM = 24, 50, 40, 56
"""Offsets in a frame: of the checksums, where no options stand before them."""


def _frame(name: str, wrong: str, condition: str, change: str, test: str) -> Mutant:
    """A frame that is changed on its way to the controller, in C: bytes of `frame`, or `put`."""
    edits = [Replace(_NETIF, _SEND, _SPOILT.format(condition=condition, change=change))]
    if "put(" in change:
        edits.insert(0, Replace(_NETIF, "static err_t ethernet_send(", _PUT))
    return Mutant(name, wrong, tuple(edits), (test,))


def _message(kind: int) -> str:
    """The condition for an ICMPv6 message, which an MLD report has eight bytes later."""
    if kind == 131:
        return f"{IPV6} && protocol == 0 && frame[62] == 131"
    return f"{IPV6} && protocol == 58 && frame[54] == {kind}"


def _header(name: str, wrong: str, code: str, test: str) -> Mutant:
    """A WebSocket header that is made otherwise; `code` makes it of `right`, `opcode` and `length`."""
    body = f"\ndef wrong(right, opcode, length, fin=True, key=None):\n    {code}\n"
    return Mutant(name, wrong, (Wrap("ws_server/frames.py", "frame_header", body),), (test,))


_ETHERNET = (
    _frame(
        "wire-destination",
        "TCP segments go to another Ethernet address",
        TCP,
        "frame[5] ^= 0x10;",
        _UPGRADE,
    ),
    _frame(
        "wire-source", "TCP segments come from a group's Ethernet address", TCP, "frame[6] |= 1;", _UPGRADE
    ),
    Mutant(
        "wire-runt",
        "short frames are not padded",
        (Replace("firmware/net/enc28j60.c", "MACON3_PADCFG_60 | ", ""),),
        (_ARP,),
    ),
)
_ARP_FIELDS = tuple(
    _frame(f"wire-arp-{name}", f"the {title} of ARP is wrong", "type == 0x0806", f"frame[{at}] ^= 2;", _ARP)
    for name, title, at in (
        ("hardware", "hardware type", 15),
        ("protocol", "protocol type", 17),
        ("hardware-length", "hardware address length", 18),
        ("protocol-length", "protocol address length", 19),
        ("operation", "operation", 21),
        ("sender", "sender's hardware address", 27),
    )
)
_IPV4_FIELDS = (
    _frame("wire-ip-checksum", "the IPv4 header's checksum is wrong", IPV4, "frame[25] ^= 1;", _ECHO),
    _frame(
        "wire-ip-length",
        "the total length of IPv4 is one too many",
        IPV4,
        f"put(frame, {IP_SUM}, 17, frame[17] + 1);",
        _ECHO,
    ),
    _frame(
        "wire-ip-header-length",
        "the header length of IPv4 is 4",
        IPV4,
        f"put(frame, {IP_SUM}, 14, 0x44);",
        _ECHO,
    ),
    _frame("wire-ttl", "every IPv4 packet has TTL 1", IPV4, f"put(frame, {IP_SUM}, 22, 1);", _ECHO),
    _frame(
        "wire-icmp-checksum",
        "the checksum of an echo reply is wrong",
        f"{IPV4} && protocol == 1 && frame[34] == 0",
        "frame[37] ^= 1;",
        _ECHO,
    ),
    _frame(
        "wire-icmp-error-checksum",
        "the checksum of an ICMP error is wrong",
        f"{IPV4} && protocol == 1 && frame[34] == 3",
        "frame[37] ^= 1;",
        _UNREACHABLE,
    ),
)
_IPV6_FIELDS = (
    _frame("wire-ipv6-length", "the payload length of IPv6 is one short", IPV6, "--frame[19];", _ECHO6),
    _frame("wire-ipv6-long", "the payload length of IPv6 is one too many", IPV6, "++frame[19];", _ECHO6),
    _frame(
        "wire-hop-limit",
        "every echo over IPv6 has hop limit 1",
        f"{IPV6} && protocol == 58 && frame[54] == 129",
        "frame[21] = 1;",
        _ECHO6,
    ),
    *(
        _frame(
            f"wire-{name}-checksum",
            f"the checksum of {title} is wrong",
            _message(kind),
            f"frame[{65 if kind == 131 else 57}] ^= 1;",
            test,
        )
        for name, title, kind, test in (
            ("ns", "a Neighbor Solicitation", 135, _NEIGHBOUR),
            ("na", "a Neighbor Advertisement", 136, _NEIGHBOUR),
            ("echo6", "an ICMPv6 echo reply", 129, _ECHO6),
            ("icmp6-error", "an ICMPv6 error", 1, f"{_UNREACHABLE}[ipv6]"),
            ("mld", "an MLD report", 131, _BOOT),
        )
    ),
    _frame(
        "wire-ns-option",
        "the option of a Neighbor Solicitation has length 0",
        _message(135),
        f"put(frame, {ICMPV6_SUM}, 79, 0);",
        _NEIGHBOUR,
    ),
    _frame(
        "wire-na-option",
        "the option of a Neighbor Advertisement has length 0",
        _message(136),
        f"put(frame, {ICMPV6_SUM}, 79, 0);",
        _NEIGHBOUR,
    ),
    _frame(
        "wire-ns-code",
        "Neighbor Solicitations have code 1",
        _message(135),
        f"put(frame, {ICMPV6_SUM}, 55, 1);",
        _NEIGHBOUR,
    ),
)
_UDP_FIELDS = (
    _frame("wire-udp-checksum", "the checksum of UDP is wrong", UDP, "frame[41] ^= 1;", _UDP),
    _frame(
        "wire-udp-length",
        "the length of UDP is one too many",
        UDP,
        f"put(frame, {UDP_SUM}, 39, frame[39] + 1);",
        _UDP,
    ),
)
_TCP_FIELDS = (
    _frame("wire-tcp-checksum", "the checksum of TCP is wrong", TCP, "frame[51] ^= 1;", _UPGRADE),
    _frame(
        "wire-tcp-checksum-ipv6",
        "the checksum of TCP over IPv6 is wrong",
        f"{IPV6} && protocol == 6",
        "frame[71] ^= 1;",
        _UPGRADE,
    ),
    _frame(
        "wire-tcp-offset",
        "the data offset of TCP is 4",
        TCP,
        f"put(frame, {TCP_SUM}, 46, 0x40);",
        _UPGRADE,
    ),
    _frame(
        "wire-tcp-reserved",
        "a reserved bit of TCP is set",
        TCP,
        f"put(frame, {TCP_SUM}, 46, frame[46] | 4);",
        _UPGRADE,
    ),
    _frame(
        "wire-tcp-option",
        "the MSS option of TCP has length 0",
        f"{TCP} && (frame[47] & 2) && frame[54] == 2",
        f"put(frame, {TCP_SUM}, 55, 0);",
        _UPGRADE,
    ),
)
_STREAM_FIELDS = (
    Mutant(
        "http-content-length",
        "Content-Length is one too many",
        (Replace("ws_server/handshake.py", '{len(content)}"', '{len(content) + 1}"'),),
        (_REFUSAL,),
    ),
    _header(
        "frames-not-minimal",
        "short frames are sent with a length of 16 bits",
        "return right(opcode, length, fin, key) if length > 125 else "
        "bytes((opcode | 128 * fin, 126, 0, length))",
        _MESSAGES,
    ),
    _header(
        "frames-masked",
        "the server masks its frames, with a key of zeros",
        "return right(opcode, length, fin, bytes(4))",
        _MESSAGES,
    ),
    _header(
        "frames-reserved-bit",
        "RSV1 is set in every frame",
        "return bytes((right(opcode, length, fin, key)[0] | 64,)) + right(opcode, length, fin, key)[1:]",
        _MESSAGES,
    ),
    _header(
        "pong-in-fragments",
        "Pongs are sent without FIN",
        "return right(opcode, length, fin and opcode != 10, key)",
        _PONG,
    ),
)

WIRE_FIELDS = Family(
    "Fields on the wire",
    "A checksum, a length or a reserved bit that the board sends wrong: a real peer would not hear it.",
    (
        *_ETHERNET,
        *_ARP_FIELDS,
        *_IPV4_FIELDS,
        *_IPV6_FIELDS,
        *_UDP_FIELDS,
        *_TCP_FIELDS,
        *_STREAM_FIELDS,
    ),
)
