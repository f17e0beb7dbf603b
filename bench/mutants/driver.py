"""The ENC28J60 driver and the port's own part of the network, done wrong."""

from __future__ import annotations

from bench.mutants.edits import Replace
from bench.mutants.mutant import Family, Mutant

_ENC28J60 = "firmware/net/enc28j60.c"
_NETIF = "firmware/net/netif.c"
_TIMERS = "firmware/net/timers.c"

_DRIVER = "emulation/firmware/tests/test_ethernet.py"
_ERRATA = "emulation/firmware/tests/test_errata.py"
_ETHERNET = "packet_tests/test_ethernet.py"
_ICMP = "packet_tests/test_icmp.py"
_MEMORY = "packet_tests/test_memory.py"
_TCP = "packet_tests/test_tcp.py"

DRIVER = Family(
    "Ethernet driver and port",
    "The ENC28J60 by its data sheet (DS39662E) and errata (DS80349C), and what ties lwIP to it.",
    (
        Mutant(
            "read-limit-even",
            "ERXRDPT is set to an even address (errata 14)",
            (Replace(_ENC28J60, "return next == RX_START ? RX_END : next - 1;", "return next;"),),
            (f"{_ERRATA}::test_the_read_limit_is_always_odd",),
        ),
        Mutant(
            "read-limit-wrap",
            "ERXRDPT leaves the ring where the ring begins anew",
            (Replace(_ENC28J60, "return next == RX_START ? RX_END : next - 1;", "return next - 1;"),),
            (f"{_ERRATA}::test_the_read_limit_stays_within_the_ring",),
        ),
        Mutant(
            "read-limit-kept",
            "the room of a frame that was read is not given back",
            (
                Replace(
                    _ENC28J60,
                    "    write_register_pair(ERXRDPTL, read_limit(next_packet));\n",
                    "",
                ),
            ),
            (f"{_DRIVER}::test_the_ring_wraps_at_every_offset",),
        ),
        Mutant(
            "packet-count-kept",
            "the count of received frames is not decremented",
            (
                Replace(
                    _ENC28J60,
                    "read_limit(next_packet));\n    set_bits(ECON2, ECON2_PKTDEC);",
                    "read_limit(next_packet));",
                ),
            ),
            (f"{_DRIVER}::test_every_frame_that_was_read_is_counted_off",),
        ),
        Mutant(
            "ring-too-large",
            "the receive ring reaches into the transmit area",
            (
                Replace(
                    _ENC28J60,
                    "write_register_pair(ERXNDL, RX_END);",
                    "write_register_pair(ERXNDL, RX_END + TX_AREA_SIZE);",
                ),
            ),
            (f"{_DRIVER}::test_the_ring_wraps_at_every_offset",),
        ),
        Mutant(
            "ring-not-started-anew",
            "a damaged ring is read on",
            (Replace(_ENC28J60, "if (next > RX_END || (next & 1)) {", "if (next == 0xffff) {"),),
            (f"{_DRIVER}::test_a_damaged_ring_is_started_anew",),
        ),
        Mutant(
            "bad-fcs-accepted",
            "the controller is told to keep frames with a wrong FCS, and the driver takes them",
            (
                Replace(_ENC28J60, "ERXFCON_UCEN | ERXFCON_CRCEN |", "ERXFCON_UCEN |"),
                Replace(_ENC28J60, "if ((header[4] & RSV_OK) && with_fcs", "if (with_fcs"),
            ),
            (f"{_ETHERNET}::test_a_frame_with_a_bad_fcs_is_dropped",),
        ),
        Mutant(
            "broadcasts-filtered",
            "the controller is not told to take broadcasts",
            (Replace(_ENC28J60, " | ERXFCON_MCEN | ERXFCON_BCEN", ""),),
            ("packet_tests/test_arp.py::test_a_request_for_the_boards_address_is_answered",),
        ),
        Mutant(
            "foreign-frames-taken",
            "frames for other stations are passed on where the controller lets them through",
            (Replace(_NETIF, "if (!for_us(&header.dest)) {", "if (!for_us(&header.dest) && length == 0) {"),),
            (
                f"{_DRIVER}::test_unicast_for_another_station_is_dropped_by_the_driver"
                "_where_the_controller_lets_it_through",
            ),
        ),
        Mutant(
            "control-byte-missing",
            "frames are sent without the per packet control byte",
            (
                Replace(_ENC28J60, "uint8_t start[2] = { WBM, 0 };", "uint8_t start[1] = { WBM };"),
                Replace(_ENC28J60, "board_spi_write(start, 2);", "board_spi_write(start, 1);"),
            ),
            (f"{_ICMP}::test_an_echo_request_comes_back_with_its_data",),
        ),
        Mutant(
            "transmit-without-reset",
            "the transmit logic is not reset before each frame (errata 12)",
            (
                Replace(
                    _ENC28J60,
                    "    set_bits(ECON1, ECON1_TXRST);\n    clear_bits(ECON1, ECON1_TXRST);\n",
                    "",
                ),
            ),
            (f"{_ERRATA}::test_the_transmit_logic_is_reset_before_each_frame",),
        ),
        Mutant(
            "transmit-without-waiting",
            "a frame is sent while the one before is still leaving",
            (
                Replace(
                    _ENC28J60,
                    "    transmitter_idle();\n",
                    "    if (tx_length == 0) {\n        transmitter_idle();\n    }\n",
                ),
            ),
            (f"{_ICMP}::test_ten_requests_at_once_come_back_in_order",),
        ),
        Mutant(
            "transmit-waits-for-ever",
            "a transmitter that hangs is waited for without end",
            (
                Replace(
                    _ENC28J60,
                    "if (board_cycles() - start > TX_WAIT_US * 32) {",
                    "if (board_cycles() == start) {",
                ),
            ),
            (f"{_DRIVER}::test_a_transmitter_that_never_ends_is_given_up",),
        ),
        Mutant(
            "last-byte-not-sent",
            "the last byte of a frame is not sent",
            (
                Replace(
                    _ENC28J60,
                    "write_register_pair(ETXNDL, TX_AREA(tx_area) + tx_length);",
                    "write_register_pair(ETXNDL, TX_AREA(tx_area) + tx_length - 1);",
                ),
            ),
            (f"{_ICMP}::test_an_echo_request_comes_back_with_its_data",),
        ),
        Mutant(
            "interrupt-edge-lost",
            "the interrupt is not armed anew after the queue was emptied",
            (
                Replace(
                    _ENC28J60,
                    "void enc28j60_irq_release(void) {\n    set_bits(EIE, EIE_INTIE);",
                    "void enc28j60_irq_release(void) {",
                ),
            ),
            (f"{_ICMP}::test_an_echo_request_comes_back_with_its_data",),
        ),
        Mutant(
            "buffer-leak",
            "a frame that cannot be used keeps its buffer",
            (Replace("firmware/net/nd6_guard.c", "        pbuf_free(p);\n", ""),),
            (f"{_MEMORY}::test_what_is_dropped_gives_its_buffers_back",),
        ),
        Mutant(
            "no-reserve",
            "data that nobody reads may take the last receive buffers",
            (
                Replace(
                    "firmware/net/lwipopts.h",
                    "#define NET_POOL_RESERVE        6",
                    "#define NET_POOL_RESERVE        0",
                ),
            ),
            (f"{_MEMORY}::test_peers_whose_data_nobody_reads_do_not_make_the_board_deaf",),
        ),
        Mutant(
            "fragments-never-given-up",
            "fragments whose packet never becomes whole keep their buffers",
            (Replace(_TIMERS, "    ip_reass_tmr();\n    ip6_reass_tmr();\n", ""),),
            (f"{_MEMORY}::test_what_is_dropped_gives_its_buffers_back",),
        ),
        Mutant(
            "no-tcp-timer",
            "TCP's timer does not run: nothing is sent again",
            (
                Replace(
                    _TIMERS,
                    "return tcp_active_pcbs != NULL || tcp_tw_pcbs != NULL;",
                    "return false;",
                ),
            ),
            (f"{_TCP}::test_a_lost_answer_is_sent_again",),
        ),
        Mutant(
            "isn-constant",
            "every connection begins with the same sequence number",
            (
                Replace(
                    "firmware/net/tcp_isn.c",
                    "return (u32_t)(board_microseconds() >> 2) + digest[0];",
                    "return (u32_t)(digest[0] & 0) + 6510;",
                ),
            ),
            (f"{_TCP}::test_initial_sequence_numbers_are_not_a_series",),
        ),
        Mutant(
            "isn-clock",
            "initial sequence numbers are those of a clock alone",
            (Replace("firmware/net/tcp_isn.c", " + digest[0];", " + (digest[0] & 0);"),),
            (f"{_TCP}::test_initial_sequence_numbers_are_not_a_series",),
        ),
        Mutant(
            "reset-number",
            "a reset takes its number from an acknowledgement field that does not count",
            (
                Replace(
                    "firmware/net/tcp_in_fixes.h",
                    "tcp_rst_netif(netif, (flags & TCP_ACK) ? (ackno) : 0, __VA_ARGS__)",
                    "tcp_rst_netif(netif, ackno, __VA_ARGS__)",
                ),
            ),
            (f"{_TCP}::test_a_reset_has_number_0_where_nothing_was_acknowledged",),
        ),
        Mutant(
            "nd-option-length-0",
            "a Neighbour Discovery message with an option of length 0 is acted on",
            (
                Replace(
                    "firmware/net/nd6_guard.c",
                    "if (size == 0 || size > p->tot_len - offset) {\n            return false;",
                    "if (size == 0 || size > p->tot_len - offset) {\n            break;",
                ),
            ),
            (
                "packet_tests/test_icmpv6.py::test_an_option_of_length_0_behind_the_address_spoils_a_solicitation",
            ),
        ),
        Mutant(
            "early-data-late",
            "what arrives before a connection is accepted waits for lwIP's next timer, and a FIN is lost",
            (
                Replace(
                    "firmware/net/modlwip_fixes.h",
                    "catch_up(socket2->pcb.tcp, &socket2->state, STATE_PEER_CLOSED)",
                    "((void)catch_up)",
                ),
            ),
            ("packet_tests/test_clients_that_leave.py::test_at_every_byte_of_the_request[fin]",),
        ),
        Mutant(
            "tiny-segments",
            "each received segment, however short, keeps a buffer of its own",
            (
                Replace(
                    "firmware/net/modlwip_fixes.h",
                    "#define pbuf_cat(head, tail) append(head, tail)",
                    "#define pbuf_cat(head, tail) (pbuf_cat)(((void)append, head), tail)",
                ),
            ),
            (f"{_MEMORY}::test_one_peer_with_tiny_segments_leaves_room_for_the_others",),
        ),
    ),
)
