"""The cases of the matrix, in a fixed order, each with a stable readable ID; no board is needed to list them.

tcp/established/dataofs=4               the usual packet of layer and state, one modification
tcp/established/fin:seq-1               another packet
ipv4/listen/len-1+chksum=0              two modifications
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from bench.layers.websocket import WebSocket
from bench.matrix import http_text
from bench.matrix.modifications import Built, Edit, Modification, build, cuts, of_field, of_options, surplus
from bench.matrix.packets import LAYERS, TCP_HEADERS, Base
from bench.matrix.spans import IP_OPTIONS, TCP_OPTIONS, Span, layers, options, spans
from bench.matrix.states import Ends
from bench.sequences.case import LAYER as SEQUENCE
from bench.sequences.case import SEQUENCE_STATES, SequenceCase
from bench.sequences.table import generate as sequences
from emulation.errors import UserError

SHORTEST = 60
"""Bytes of a frame without FCS (IEEE 802.3, section 3.2.8)."""
SIZES = (1514, 1515, 1518, 1519, 1600, 2000)
"""Bytes of frames about and beyond the longest that is allowed (1514 without FCS)."""
_PREFIXES = ("ICMPv6NDOpt", "ICMPv6ND_", "ICMPv6", "IPv6ExtHdr", "WebSocket")


@dataclass(frozen=True)
class Case:
    """One packet of the matrix, in one state, with its modifications."""

    layer: str
    state: str
    base: str
    modifications: tuple[Modification, ...]

    @property
    def id(self) -> str:
        """The name under which the case is listed, run, and filed."""
        names = "+".join(modification.name for modification in self.modifications) or "unmodified"
        return f"{self.layer}/{self.state}/{self.base}{':' if self.base else ''}{names}"

    @property
    def ipv6(self) -> bool:
        """Whether its connection is one over IPv6."""
        return self.layer == "ipv6"

    def built(self, ends: Ends) -> Built:
        """The frame to send to a board whose connection has these ends. Raises KeyError."""
        return build(base_frame(self.layer, self.base, ends), self.modifications, SHORTEST)


AnyCase = Case | SequenceCase
"""What a run is made of: one packet, or several segments."""


def bases(layer: str, ends: Ends) -> list[Base]:
    """The packets of a layer in the state of `ends`."""
    return list(LAYERS[layer][0](ends))


@lru_cache(maxsize=256)
def _frames(layer: str, ends: Ends) -> dict[str, bytes]:
    return {base.name: base.frame for base in bases(layer, ends)}


def base_frame(layer: str, base: str, ends: Ends) -> bytes:
    """The bytes of an unmodified packet. Raises KeyError."""
    return _frames(layer, ends)[base]


def generate(layer: str, state: str, depth: int = 1) -> Iterator[Case]:
    """The cases of a layer in a state: with one modification, or with two of those that are edges.

    With one, no case gives a frame that one before it has given, nor that of the unmodified packet.
    """
    ends = Ends.model(state, ipv6=layer == "ipv6")
    for base in bases(layer, ends):
        seen = {build(base.frame, (), SHORTEST)}
        found = anomalies(layer, base)
        groups: Iterable[tuple[Modification, ...]] = ((one,) for one in found)
        if depth == 2:
            edges = [modification for modification in found if modification.edge]
            groups = (pair for pair in combinations(edges, 2) if pair[0].combines_with(pair[1]))
        for modifications in groups:
            case = Case(layer, state, base.name, modifications)
            if depth == 1:
                built = case.built(ends)
                if built in seen:
                    continue
                seen.add(built)
            yield case


def find_any(case_id: str) -> AnyCase:
    """The case of an ID, a sequence too. Raises UserError for one that is none."""
    return SequenceCase.parse(case_id) if case_id.startswith(f"{SEQUENCE}/") else find(case_id)


def find(case_id: str) -> Case:
    """The case of an ID, with one packet. Raises UserError for one that is none."""
    layer, _, rest = case_id.partition("/")
    state, _, rest = rest.partition("/")
    if layer in LAYERS and state in LAYERS[layer][1]:
        ends = Ends.model(state, ipv6=layer == "ipv6")
        for base in bases(layer, ends):
            prefix = f"{base.name}:" if base.name else ""
            if not rest.startswith(prefix):
                continue
            names = rest[len(prefix) :]
            known = {modification.name: modification for modification in anomalies(layer, base)}
            if names == "unmodified":
                return Case(layer, state, base.name, ())
            if names in known:
                return Case(layer, state, base.name, (known[names],))
            for at in (i for i, character in enumerate(names) if character == "+"):
                pair = names[:at], names[at + 1 :]
                if pair[0] in known and pair[1] in known:
                    return Case(layer, state, base.name, (known[pair[0]], known[pair[1]]))
    raise UserError(f"there is no case {case_id!r}", "`bench matrix --list` shows all there are")


def anomalies(layer: str, base: Base) -> list[Modification]:
    """Every single modification of a packet, each name once."""
    found: dict[str, Modification] = {}
    for modification in _of_stream(layer, base) if base.stream is not None else _of_packet(layer, base):
        found.setdefault(modification.name, modification)
    return list(found.values())


def fields(base: Base) -> list[Span]:
    """The fields of a packet that are modified, by Scapy's description."""
    if base.stream is not None:
        return [
            span
            for part, offset in layers(WebSocket(base.stream))
            for span in spans(part, TCP_HEADERS + offset, base.frame, _prefix(part, WebSocket))
        ]
    return [
        span
        for part, offset in _modified(base)
        for span in spans(part, offset, base.frame, _prefix(part, base.first))
    ]


def _modified(base: Base) -> Iterator[tuple[Packet, int]]:
    inside = False
    for part, offset in layers(Ether(base.frame)):
        inside = inside or type(part) is base.first
        if inside:
            yield part, offset
        if base.last is not None and type(part) is base.last:
            return


def _prefix(part: Packet, first: type[Packet]) -> str:
    if type(part) in (first, Raw):
        return ""
    name = type(part).__name__
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return f"{name}."


def _of_packet(layer: str, base: Base) -> Iterator[Modification]:
    for span in fields(base):
        yield from of_field(span)
    start = next(_modified(base))[1]
    size = len(base.frame)
    if layer == "ethernet":
        yield from cuts(1, start, size, fits=False, runt=True)
        for target in SIZES:
            yield Modification(f"size={target}", "shape", splice=(size, size, bytes(target - size)))
    elif layer in ("arp", "ipv4", "ipv6"):
        yield from cuts(0, start, size, fits=False, runt=True)
    else:
        yield from cuts(0, start, size, fits=True)
        yield from surplus(size, fits=True)
    yield from surplus(max(size, SHORTEST), fits=False)
    yield from _of_option_lists(base)


def _of_option_lists(base: Base) -> Iterator[Modification]:
    for part, offset in _modified(base):
        if type(part) not in (IP, TCP) or type(part) is not base.first:
            continue
        names = IP_OPTIONS if type(part) is IP else TCP_OPTIONS
        end = offset + len(bytes(part)) - len(bytes(part.payload))
        length = next(span for span in spans(part, offset, base.frame) if span.name in ("ihl", "dataofs"))
        found = options(base.frame, offset + 20, end, names)
        yield from of_options(found, base.frame, length, 20)


def _of_stream(layer: str, base: Base) -> Iterator[Modification]:
    assert base.stream is not None
    if layer == "http":
        yield from http_text.of_request(base.stream, TCP_HEADERS, base.stream.startswith(b"GET "))
    else:
        for span in fields(base):
            if span.name == "length":
                yield from _every_length(span)
            yield from of_field(span)
    size = len(base.frame)
    yield from cuts(1, TCP_HEADERS, size, fits=True)
    yield from surplus(size, fits=True)


def _every_length(span: Span) -> Iterator[Modification]:
    """A WebSocket frame's 7 bits of length, which also choose the form of the header: every value."""
    for value in range(1 << span.width):
        if value != span.value:
            edit = Edit(span.start, span.width, "=", value)
            edge = value in (0, 1, 125, 126, 127)
            yield Modification(f"{span.name}={value}", span.name, (edit,), edge=edge)


def all_cases(
    layers_wanted: Sequence[str] = (), states: Sequence[str] = (), depth: int = 1
) -> Iterator[AnyCase]:
    """The cases of some layers and states (all, if none is named), layer by layer, state by state.

    Sequences are a layer of their own, the last, and have no second depth. Raises UserError for a layer or
    state that there is not.
    """
    known = {state for _, of_layer in LAYERS.values() for state in of_layer} | set(SEQUENCE_STATES)
    names = (*LAYERS, SEQUENCE)
    for what, wanted, there in (("layer", layers_wanted, names), ("state", states, sorted(known))):
        for name in wanted:
            if name not in there:
                raise UserError(f"there is no {what} {name!r}", f"the {what}s are: {', '.join(there)}")
    yield from of_packets(layers_wanted, states, depth)
    if depth == 1 and (not layers_wanted or SEQUENCE in layers_wanted):
        yield from sequences(states)


def of_packets(
    layers_wanted: Sequence[str] = (), states: Sequence[str] = (), depth: int = 1
) -> Iterator[Case]:
    """As `all_cases`, but only those of one packet."""
    for layer, (_, of_layer) in LAYERS.items():
        if layers_wanted and layer not in layers_wanted:
            continue
        for state in of_layer:
            if not states or state in states:
                yield from generate(layer, state, depth)
