"""The generator: what it makes is complete, unique, and the same every time. No board is needed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from scapy.layers.l2 import Ether
from scapy.packet import NoPayload, Raw

from bench.board import ROOT
from bench.layers.tcpip import checksum
from bench.matrix import coverage
from bench.matrix.cases import (
    AnyCase,
    Case,
    all_cases,
    anomalies,
    base_frame,
    bases,
    fields,
    find,
    find_any,
    generate,
    of_packets,
)
from bench.matrix.checksums import transport_is_right
from bench.matrix.departures import DEPARTURES
from bench.matrix.modifications import Edit
from bench.matrix.packets import LAYERS
from bench.matrix.states import Ends
from emulation.errors import UserError

ONCE = [(layer, states[0]) for layer, (_, states) in LAYERS.items()]
EVERYWHERE = [(layer, state) for layer, (_, states) in LAYERS.items() for state in states]


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return list(of_packets())


@pytest.fixture(scope="module")
def everything(cases: list[Case]) -> list[AnyCase]:
    return [*cases, *all_cases(["sequence"])]


def ends(layer: str, state: str) -> Ends:
    return Ends.model(state, ipv6=layer == "ipv6")


def test_ids_are_unique_and_the_same_every_time(everything: list[AnyCase]) -> None:
    ids = [case.id for case in everything]
    assert len(set(ids)) == len(ids)
    assert [i for i in ids if i.startswith("icmp/")] == [case.id for case in all_cases(["icmp"])]


def test_every_layer_and_state_has_cases(cases: list[Case]) -> None:
    assert {(case.layer, case.state) for case in cases} == set(EVERYWHERE)


@pytest.mark.parametrize(("layer", "state"), ONCE)
def test_no_case_repeats_a_frame(layer: str, state: str) -> None:
    where = ends(layer, state)
    for base in bases(layer, where):
        built = [case.built(where) for case in generate(layer, state) if case.base == base.name]
        assert len(set(built)) == len(built)
        assert base_frame(layer, base.name, where) not in {each.frame for each in built}


@pytest.mark.parametrize(("layer", "state"), EVERYWHERE)
def test_every_field_that_scapy_describes_is_modified(layer: str, state: str) -> None:
    """Told from Scapy's dissection alone: a bit of a header that no case changes is a gap in the matrix."""
    where = ends(layer, state)
    for base in bases(layer, where):
        if base.stream is not None:
            continue
        changed: set[int] = set()
        for modification in anomalies(layer, base):
            changed.update(
                bit for edit in modification.edits for bit in range(edit.start, edit.start + edit.width)
            )
        for span in fields(base):
            if span.kind == "bytes":
                changed.update(range(span.start, span.start + span.width))
        packet = Ether(base.frame)
        while not isinstance(packet, base.first):
            packet = packet.payload
        start = (len(base.frame) - len(bytes(packet))) * 8
        while not isinstance(packet, NoPayload | Raw):
            size = (len(bytes(packet)) - len(bytes(packet.payload))) * 8
            missing = [bit for bit in range(start, start + size) if bit not in changed]
            assert missing == [], f"{type(packet).__name__} of {base}"
            start += size
            if base.last is not None and isinstance(packet, base.last):
                break
            packet = packet.payload


def test_the_fields_of_a_tcp_header_are_found_where_they_are() -> None:
    base = bases("tcp", ends("tcp", "established"))[0]
    found = {span.name: (span.start - 34 * 8, span.width) for span in fields(base)}
    expected = {
        "sport": (0, 16),
        "dport": (16, 16),
        "seq": (32, 32),
        "ack": (64, 32),
        "dataofs": (96, 4),
        "flags": (103, 9),
        "window": (112, 16),
        "chksum": (128, 16),
        "urgptr": (144, 16),
    }
    assert expected.items() <= found.items()


def test_values_of_a_field_are_its_limits_its_neighbours_and_every_bit() -> None:
    names = {case.id.rpartition("/")[2] for case in generate("tcp", "established")}
    assert {"window=0", "window=1", "window=0xffff", "window=0x8000", "window-1", "window+1"} <= names
    assert {f"seq^{1 << bit:#x}" for bit in range(1, 32)} <= names
    assert {f"dataofs={value}" for value in range(16)} - names == {"dataofs=8", "dataofs=7", "dataofs=9"}
    assert {"dataofs-1", "dataofs+1"} <= names
    assert {"cut@0", "cut@19", "surplus+1", "Timestamp.removed", "Timestamp.doubled"} <= names


def test_checksums_are_right_unless_the_case_is_about_them(cases: list[Case]) -> None:
    for case in random.Random(1).sample(cases, 3000):
        frame = case.built(ends(case.layer, case.state)).frame
        cut = any(modification.name.startswith("cut@") for modification in case.modifications)
        if cut or "error." in case.id or case.layer in ("ethernet", "arp"):
            continue
        about = any(modification.keep >= 0 for modification in case.modifications)
        header = frame[14 : 14 + (frame[14] & 15) * 4]
        right = transport_is_right(frame) and (frame[12:14] != b"\x08\x00" or checksum(header) == 0)
        lengths_lie = case.layer in ("ipv4", "ipv6")
        assert right != about or lengths_lie, case.id


@pytest.mark.parametrize(
    "name",
    [
        "tcp/established/dataofs=4",
        "ipv4/listen/len-1+chksum=0",
        "tcp/time-wait/fin:seq-1",
        "arp/listen/unmodified",
    ],
)
def test_a_case_is_found_by_its_id(name: str) -> None:
    assert find(name).id == name


def test_any_case_is_found_by_its_id(everything: list[AnyCase]) -> None:
    for case in random.Random(2).sample(everything, 80):
        assert find_any(case.id) == case


def test_every_rule_is_met_by_some_packet(cases: list[Case]) -> None:
    """A rule that no packet meets is never tried on a board, and its page promises what nobody has seen."""
    counts = coverage.count(cases)
    assert [name for name, met in counts.items() if not met] == []
    assert counts["solicitation-unspecified-with-option"] > 10
    assert sum(counts[name] for name in coverage.known_rules()) == len(cases)


def test_the_rules_are_found_in_their_sources() -> None:
    found = coverage.known_rules()
    assert {"arp-request", "tcp-*-outside", "tcp-closed", "listener-query-hop-limit"} <= set(found)
    assert len(found) == len(set(found)) > 60
    assert set(coverage.variants()) == {"runt", "odd", "coded", "extended"}


@pytest.mark.parametrize("name", ["", "tcp", "tcp/established", "tcp/asleep/seq=0", "tcp/established/seq=77"])
def test_an_id_of_no_case_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="there is no case"):
        find(name)


def test_unknown_layers_and_states_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"no layer 'tpc'.*ethernet, arp, .*tcp"):
        list(all_cases(["tpc"]))
    with pytest.raises(UserError, match=r"no state 'open'.*listen"):
        list(all_cases(states=["open"]))


def test_two_modifications_are_of_different_fields_and_both_are_in_the_frame() -> None:
    where = ends("arp", "listen")
    pairs = list(generate("arp", "listen", depth=2))
    assert len({case.id for case in pairs}) == len(pairs)
    for case in random.Random(3).sample(pairs, 300):
        first, second = case.modifications
        assert first.field != second.field
        alone = [replace(case, modifications=(one,)).built(where).frame for one in (first, second)]
        assert case.built(where).frame not in alone or first.splice or second.splice


def test_a_case_fits_whatever_numbers_the_connection_has() -> None:
    case = find("tcp/established/seq+1")
    for seq in (0, 5, 0xFFFFFFFF):
        where = replace(ends("tcp", "established"), seq=seq)
        frame = case.built(where).frame
        assert int.from_bytes(frame[38:42], "big") == (seq + 1) % (1 << 32)


def test_an_edit_leaves_its_neighbours_alone() -> None:
    data = bytearray(b"\xff\x00\xff")
    Edit(6, 4, "=", 0b0101).apply(data)
    assert data == b"\xfd\x40\xff"
    Edit(6, 4, "^", 0b1111).apply(data)
    assert data == b"\xfe\x80\xff"
    Edit(0, 8, "+", 3).apply(data)
    assert data == b"\x01\x80\xff"


def test_the_page_on_the_matrix_has_its_counts_and_every_departure(everything: list[AnyCase]) -> None:
    page = " ".join((ROOT / "docs" / "matrix.md").read_text().split())
    counts = Counter((case.layer, case.state) for case in everything)
    for (layer, state), count in counts.items():
        assert f"| {layer} | {state} | {count:,} |" in page
    assert f"**{len(everything):,}**" in page
    for rule, reason in DEPARTURES.items():
        assert f"`{rule}`: {reason}" in page
