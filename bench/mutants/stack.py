"""lwIP, done or configured wrong."""

from __future__ import annotations

from bench.mutants.edits import Replace
from bench.mutants.mutant import Family, Mutant

_TCP_IN = "lwip/src/core/tcp_in.c"

_ARP = "packet_tests/test_arp.py"
_ICMP = "packet_tests/test_icmp.py"
_IPV4 = "packet_tests/test_ipv4.py"
_TCP = "packet_tests/test_tcp.py"

_RESET_IF = "      if ({}) {{\n        acceptable = 1;"


def _unchecked(name: str, title: str, test: str) -> Mutant:
    """A checksum that is not verified: what a configuration for hardware with that offload does."""
    return Mutant(
        f"checksum-{name.lower()}",
        f"the checksum of {title} is not verified",
        (
            Replace(
                "firmware/net/lwipopts.h",
                f"#define CHECKSUM_CHECK_{name} ",
                f"#define CHECKSUM_CHECK_{name} 0 &&",
            ),
        ),
        (test,),
    )


STACK = Family(
    "Network stack",
    "lwIP configured for other hardware, or with a line missing that somebody once had to add.",
    (
        _unchecked("IP", "an IPv4 header", f"{_ICMP}::test_silence[bad IP header checksum]"),
        _unchecked("ICMP", "an ICMP message", f"{_ICMP}::test_silence[bad ICMP checksum]"),
        _unchecked(
            "ICMP6", "an ICMPv6 message", "packet_tests/test_icmpv6.py::test_a_bad_checksum_is_ignored"
        ),
        _unchecked("TCP", "a TCP segment", f"{_TCP}::test_silence[bad checksum]"),
        _unchecked("UDP", "a UDP datagram", "packet_tests/test_udp.py::test_a_bad_checksum_is_ignored"),
        Mutant(
            "arp-for-others",
            "ARP requests for other addresses are answered",
            (
                Replace(
                    "lwip/src/core/ipv4/etharp.c",
                    "for_us = (u8_t)ip4_addr_eq(&dipaddr, netif_ip4_addr(netif));",
                    "for_us = 1;",
                ),
            ),
            (f"{_ARP}::test_a_request_for_another_address_is_not_answered",),
        ),
        Mutant(
            "no-reassembly",
            "fragments are dropped",
            (Replace("lwip/src/core/ipv4/ip4.c", "p = ip4_reass(p);", "pbuf_free(p), p = NULL;"),),
            # Tests that need fragments are skipped: that a board does without them is no fault of its own.
            ("packet_tests/test_catalogue.py::test_case[ipv4-16-fragments-in-order]",),
        ),
        Mutant(
            "hop-limit-ignored",
            "Neighbour Discovery is accepted from beyond a router",
            (
                Replace(
                    "lwip/src/core/ipv6/nd6.c",
                    "if (IP6H_HOPLIM(ip6_current_header()) != ND6_HOPLIM || ns_hdr->code != 0 ||",
                    "if (ns_hdr->code != 0 ||",
                ),
            ),
            ("packet_tests/test_icmpv6.py::test_an_invalid_solicitation_is_ignored[hop limit 254]",),
        ),
        Mutant(
            "option-length-0",
            "a TCP option of length 0 is passed over again and again",
            (
                Replace(
                    _TCP_IN,
                    "          if (data < 2) {\n",
                    "          if (data == 1) {\n",
                ),
            ),
            (f"{_TCP}::test_malformed_options_neither_hang_nor_hurt",),
        ),
        Mutant(
            "pcb-kept-after-reset",
            "a connection that is reset keeps its control block",
            (
                Replace(
                    _TCP_IN,
                    "        tcp_free(pcb);\n      } else {\n        err = ERR_OK;",
                    "      } else {\n        err = ERR_OK;",
                ),
            ),
            (f"{_TCP}::test_reset_frees_the_connection",),
        ),
        Mutant(
            "reset-not-checked",
            "a reset ends a connection whatever its sequence number",
            (Replace(_TCP_IN, _RESET_IF.format("seqno == pcb->rcv_nxt"), _RESET_IF.format("1")),),
            (f"{_TCP}::test_a_reset_outside_the_window_is_ignored",),
        ),
        Mutant(
            "reset-in-window",
            "a reset ends a connection if it is anywhere in the window (RFC 793)",
            (
                Replace(
                    _TCP_IN,
                    _RESET_IF.format("seqno == pcb->rcv_nxt"),
                    _RESET_IF.format("TCP_SEQ_BETWEEN(seqno, pcb->rcv_nxt, pcb->rcv_nxt + pcb->rcv_wnd)"),
                ),
            ),
            (f"{_TCP}::test_a_reset_elsewhere_in_the_window_is_challenged",),
        ),
        Mutant(
            "syn-not-checked",
            "a SYN within a connection ends it (RFC 793)",
            (
                Replace(
                    _TCP_IN,
                    "    tcp_ack_now(pcb);\n    return ERR_OK;\n  }\n\n"
                    "  if ((pcb->flags & TF_RXCLOSED) == 0) {",
                    "    recv_flags |= TF_RESET;\n    return ERR_RST;\n  }\n\n"
                    "  if ((pcb->flags & TF_RXCLOSED) == 0) {",
                ),
            ),
            (f"{_TCP}::test_a_syn_within_a_connection_does_not_end_it",),
        ),
        Mutant(
            "no-window-probe",
            "a closed window is not probed",
            (
                Replace(
                    "lwip/src/core/tcp.c", "if (tcp_zero_window_probe(pcb) != ERR_OK) {", "if (pcb == NULL) {"
                ),
            ),
            (f"{_TCP}::test_a_closed_window_is_probed_and_nothing_is_lost",),
        ),
        Mutant(
            "window-ignored",
            "more is sent than the peer's window takes",
            (
                Replace(
                    "lwip/src/core/tcp_out.c",
                    "  wnd = LWIP_MIN(pcb->snd_wnd, pcb->cwnd);",
                    "  wnd = 0xFFFF;",
                ),
            ),
            (f"{_TCP}::test_no_more_is_sent_than_the_window_takes",),
        ),
        Mutant(
            "mss-ignored",
            "segments are sent that are longer than the peer's MSS",
            (Replace(_TCP_IN, "pcb->mss = ((mss > TCP_MSS) || (mss == 0)) ? TCP_MSS : mss;", "(void)mss;"),),
            (f"{_TCP}::test_no_segment_is_longer_than_the_peers_mss",),
        ),
        Mutant(
            "future-ack-believed",
            "an acknowledgement of data never sent is believed",
            (
                Replace(
                    _TCP_IN,
                    "} else if (TCP_SEQ_BETWEEN(ackno, pcb->lastack + 1, pcb->snd_nxt)) {",
                    "} else if (1) {",
                ),
            ),
            (f"{_TCP}::test_an_acknowledgement_of_data_never_sent_is_not_believed",),
        ),
        Mutant(
            "no-out-of-order-queue",
            "segments that arrive out of order are put together in the order they arrive",
            (Replace(_TCP_IN, "      if (pcb->rcv_nxt == seqno) {", "      if (1) {"),),
            (f"{_TCP}::test_segments_repeated_overlapping_or_out_of_order_are_delivered_once",),
        ),
        Mutant(
            "udp-port-unreachable-missing",
            "a datagram to a closed port is dropped without a word",
            (Replace("lwip/src/core/udp.c", "icmp_port_unreach(ip_current_is_v6(), p);", ""),),
            ("packet_tests/test_udp.py::test_a_closed_port_is_reported_unreachable",),
        ),
    ),
)
