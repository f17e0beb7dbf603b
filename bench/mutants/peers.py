"""What mends lwIP against peers that keep to no rule, left out again."""

from __future__ import annotations

from bench.mutants.edits import Replace
from bench.mutants.mutant import Family, Mutant

_GUARD = "packet_tests/test_tcp_guard.py"
_HALF_OPEN = "packet_tests/test_half_open.py"
_ICMP6 = "packet_tests/test_icmpv6.py"
_IPV4 = "packet_tests/test_ipv4.py"
_MEMORY = "packet_tests/test_memory.py"
_MLD = "packet_tests/test_mld.py"
_TCP = "packet_tests/test_tcp.py"


def _left_out(name: str, wrong: str, source: str, right: str, instead: str, test: str) -> Mutant:
    """One line of the firmware's network files, of which lwIP knows nothing."""
    return Mutant(name, wrong, (Replace(f"firmware/net/{source}", right, instead),), (test,))


PEERS = Family(
    "Peers that keep to no rule",
    "What keeps such a peer from stopping the board or shutting others out, each left out.",
    (
        _left_out(
            "data-beyond-the-fin",
            "data beyond a FIN that came out of order are taken, and the FIN is put after them",
            "tcp_guard.c",
            "if (TCP_SEQ_LT(first, end_of_stream) && TCP_SEQ_LT(end_of_stream, first + p->tot_len)) {",
            "if (TCP_SEQ_LT(first, end_of_stream) && p->tot_len == 0) {",
            f"{_GUARD}::test_data_beyond_an_early_fin_are_cut_off",
        ),
        _left_out(
            "data-beyond-the-window",
            "a segment that reaches past the window is kept as a whole",
            "tcp_guard.c",
            "if (edge - first < p->tot_len) {",
            "if (end != NULL && edge - first < p->tot_len) {",
            f"{_GUARD}::test_what_reaches_past_the_window_is_cut_to_it",
        ),
        _left_out(
            "mss-in-another-syn",
            "a SYN that comes again changes the MSS, below the least that the first one could set",
            "tcp_guard.c",
            "return (flags & TCP_SYN) && (pcb->state == LISTEN || pcb->state == SYN_SENT);",
            "return flags & TCP_SYN;",
            f"{_GUARD}::test_a_syn_that_comes_again_changes_no_mss",
        ),
        _left_out(
            "waits-too-long-for-the-window",
            "what waits for a closed window is longer than the first window that opens lets a segment be",
            "least_sizes.c",
            "if (last != NULL && pcb->snd_wnd_max / 2 > 0) {",
            "if (last != NULL && length == 0) {",
            f"{_GUARD}::test_more_may_be_written_while_a_window_of_a_few_bytes_is_open",
        ),
        _left_out(
            "probe-without-end",
            "the window goes on being probed when a probe has brought the last byte",
            "tcp_in_fixes.h",
            "        pcb->persist_backoff = 0;",
            "        (void)pcb;",
            f"{_GUARD}::test_a_probe_may_bring_the_last_byte",
        ),
        _left_out(
            "fin-in-both-parts",
            "a segment with a FIN that is cut to the window has the FIN in both parts",
            "split_segment.c",
            "TCPH_UNSET_FLAG(pcb->unsent->tcphdr, TCP_FIN | TCP_PSH);",
            "TCPH_UNSET_FLAG(pcb->unsent->tcphdr, TCP_PSH);",
            f"{_TCP}::test_the_fin_comes_after_the_last_byte_of_an_answer_that_was_cut[20]",
        ),
        _left_out(
            "repeated-data-end-the-stream",
            "a buffer that holds only what has come before is the stream's end for Python",
            "modlwip_fixes.h",
            "if (buffer->len == 0) {",
            "if (buffer->tot_len == 0) {",
            f"{_TCP}::test_what_has_come_already_may_come_again_with_more[in order-300]",
        ),
        _left_out(
            "segment-at-the-end-of-the-heap",
            "a segment may lie at the end of lwIP's heap, where it cannot be cut",
            "netif.c",
            "    take_end_of_heap();",
            "    (void)take_end_of_heap;",
            f"{_MEMORY}::test_a_segment_that_fills_the_heap_to_its_end_can_be_cut",
        ),
        _left_out(
            "reset-while-memory-is-short",
            "a connection is looked at that a reset has taken while memory was waited for",
            "least_sizes.c",
            "pcb != NULL ? pcb->unsent : NULL;",
            "pcb->unsent;",
            f"{_MEMORY}::test_a_client_may_leave_while_the_board_has_no_memory_for_its_answer",
        ),
        _left_out(
            "small-segments-without-end",
            "more is written in small segments than there are places for, and the board waits for them",
            "modlwip_fixes.h",
            "return LWIP_MIN(pcb->snd_buf, places * size);",
            "return places ? pcb->snd_buf : 0;",
            f"{_MEMORY}::test_a_client_that_takes_small_segments_and_does_not_answer_keeps_nobody_waiting[MSS]",
        ),
        _left_out(
            "empty-fragment",
            "a fragment without data is a packet's last one",
            "ip4_guard.c",
            "&& lwip_ntohs(IPH_LEN(header)) <= IPH_HL_BYTES(header);",
            "&& header == NULL;",
            f"{_IPV4}::test_a_packet_in_fragments_may_come_from_a_host_not_yet_known[and one without data]",
        ),
        _left_out(
            "half-open-for-long",
            "half-open connections keep their places while others want them",
            "half_open.c",
            "if (oldest != NULL) {",
            "if (oldest == listener) {",
            f"{_HALF_OPEN}::test_half_open_connections_make_room_for_a_client[10]",
        ),
        _left_out(
            "half-open-not-for-a-moment",
            "a half-open connection loses its place before its client can answer",
            "half_open.c",
            "#define GRACE 2",
            "#define GRACE 0",
            f"{_HALF_OPEN}::test_a_client_that_is_about_to_answer_keeps_its_place",
        ),
        _left_out(
            "address-of-nobody",
            "a solicitation from the unspecified address may name a link-layer address",
            "nd6_guard.c",
            "find_option(p, fixed, SOURCE_LINK_LAYER) == 0);",
            "fixed != 0);",
            f"{_ICMP6}::test_a_link_layer_address_without_a_source_is_not_answered",
        ),
        _left_out(
            "first-option-for-the-address",
            "whatever option comes first is taken for the link-layer address",
            "nd6_guard.c",
            "if (offset == 0 || pbuf_get_at(p, offset + 1) != 1 || offset + OPTION_UNIT > p->len) {",
            "if (type != 0) {\n        return;\n    }\n    if (offset == 0) {",
            f"{_ICMP6}::test_the_address_that_a_solicitation_names_is_found_behind_other_options",
        ),
        _left_out(
            "asked-for-by-nobody",
            "an advertisement to all nodes may say that it was asked for",
            "nd6_guard.c",
            "|| !(header->flags & ND6_FLAG_SOLICITED);",
            "|| header != NULL;",
            f"{_ICMP6}::test_an_advertisement_to_all_may_not_say_that_it_was_asked_for[solicited]",
        ),
        _left_out(
            "redirect-of-anyone",
            "anyone on the link can redirect packets",
            "nd6_guard.c",
            "return ip6_addr_eq(&entry->next_hop_addr, ip6_current_src_addr());",
            "return true;",
            f"{_ICMP6}::test_nobody_but_the_router_in_use_can_redirect",
        ),
        _left_out(
            "query-from-afar",
            "a multicast listener query is answered whoever it is from",
            "mld6_guard.c",
            "return ip6_addr_islinklocal(ip6_current_src_addr())",
            "return true",
            f"{_MLD}::test_a_query_that_is_not_valid_is_not_answered[global source]",
        ),
        _left_out(
            "query-without-alert",
            "a multicast listener query is answered without the Router Alert option",
            "mld6_guard.c",
            "|| !alerts_routers()) {",
            "|| (alerts_routers(), false)) {",
            f"{_MLD}::test_a_query_that_is_not_valid_is_not_answered[no alert]",
        ),
    ),
)
