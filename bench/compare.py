"""The same stimulus on two combinations of engine and firmware, and where the board's replies differ.

The stimulus is an ordinary exchange and cases of the catalogue (`bench.cases`), each from its starting state.
What may differ is left out of the comparison: the times of frames, IP identifiers, the board's initial
sequence numbers, its TCP timestamps (RFC 7323), and the checksums over those; how many acknowledgements
without data follow one another, of which the last counts; and what the board sends unasked, as it is a
matter of when: the reports of groups that it listens to (MLD) and its solicitations.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from scapy.config import conf
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6MLReport, ICMPv6MLReport2, ICMPv6ND_NS, ICMPv6ND_RS, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import NoPayload, Packet, Padding

from bench.board import DEFAULT_SEED, Board, BoardState
from bench.capabilities import Capabilities, Capability
from bench.capture import Capture, CapturedFrame
from bench.cases import Case, Runner, Verdict
from bench.cases.blind import Onlooker
from bench.engines import DEFAULT_ENGINE, ENGINES
from bench.peer import Peer, PeerError
from bench.readiness import await_ready, wanted_line
from bench.target import describe
from emulation.errors import EngineLacks, GuestFault, UserError

LOOKED_INTO = (Capability.WEBSOCKET, Capability.LWIP, Capability.PYTHON, Capability.IPV6)
"""What both firmwares have to offer for the cases' own runner, which looks into the guest."""
UNASKED = (ICMPv6MLReport, ICMPv6MLReport2, ICMPv6ND_RS, ICMPv6ND_NS)
NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})
EXCHANGE = "exchange"
"""Name of the ordinary exchange: a ping, an upgrade, two messages, the closing handshake."""


ACKS = "acks"
"""In place of a field: acknowledgements without data, of which each stack sends as many as it likes."""


@dataclass(frozen=True)
class Side:
    """One combination: an engine, and a firmware (None: the project's own)."""

    engine: str
    firmware: Path | None = None
    application: str = ""
    """Which application of the user's project runs on it, if one does."""

    @classmethod
    def parse(cls, text: str) -> Side:
        """`engine`, `engine:firmware.elf`, or `firmware.elf` for the default engine."""
        engine, _, firmware = text.partition(":")
        if engine not in ENGINES and Path(text).suffix == ".elf":
            return cls(DEFAULT_ENGINE, Path(text))
        return cls(engine, Path(firmware) if firmware else None)

    def __str__(self) -> str:
        return f"{self.engine}:{self.firmware}" if self.firmware else self.engine


@dataclass(frozen=True)
class Difference:
    """A reply that one side sent where the other sent another one, or none (None)."""

    number: int
    """Of the frame, counted from 1 on the left side."""
    left: str | None
    right: str | None

    def __str__(self) -> str:
        return f"frame {self.number}: {self.left or 'nothing'}  |  {self.right or 'nothing'}"


@dataclass(frozen=True)
class Comparison:
    """What came of one stimulus."""

    name: str
    differences: tuple[Difference, ...] = ()
    frames: int = 0
    """Replies that were compared."""
    skipped: str = ""
    """Why it could not be compared."""


@dataclass(frozen=True)
class Replies:
    """What a board sent in answer to one stimulus; why there is nothing to compare, if so."""

    frames: tuple[Packet, ...] = ()
    skipped: str = ""


class Bench:
    """A booted board that plays stimuli from the same state."""

    def __init__(
        self, side: Side, seed: int, ready: str | None = None, board_options: Mapping[str, Any] = NO_OPTIONS
    ) -> None:
        self.side = side
        self.board = Board.boot(side.engine, side.firmware, seed=seed, **board_options)
        try:
            await_ready(self.board, wanted_line(ready, side.firmware))
            self.state: BoardState = self.board.snapshot()
            self.offers = Capabilities(self.board, self.state)
        except BaseException:
            self.board.close()
            raise
        self._player: Runner | Onlooker | None = None

    def prepare(self, *, blind: bool) -> None:
        """Get ready to play cases; `blind`: without a look into the guest. Raises PeerError, GuestFault."""
        self.board.restore(self.state)
        ipv6 = self.offers.offers(Capability.IPV6)
        self._player = Onlooker(self.board, ipv6=ipv6) if blind else Runner(self.board)

    @property
    def description(self) -> str:
        """Engine with its version, and the firmware with its hash and stack."""
        assert self.board.firmware is not None
        firmware = ", stack ".join(describe(self.board.firmware).values())
        program = f"{self.side.application}, " if self.side.application else ""
        return f"{self.side.engine} ({self.board.machine.description}), {program}{firmware}"

    def play(self, stimulus: Case | str) -> Replies:
        """The board's replies to a case, or to the ordinary exchange."""
        try:
            if isinstance(stimulus, str):
                return Replies(comparable(self._exchange()))
            if isinstance(self._player, Onlooker):
                return self._look_on(self._player, stimulus)
            assert self._player is not None
            result = self._player.run(stimulus)
        except EngineLacks as lack:
            return Replies(skipped=f"{self.side}: {lack}")
        except GuestFault as fault:
            return Replies(skipped=f"{self.side}: {fault.reason}")
        if result.verdict is Verdict.SKIPPED:
            return Replies(skipped=f"{self.side}: {result.came[0]}")
        return Replies(comparable(result.frames))

    def _look_on(self, player: Onlooker, case: Case) -> Replies:
        if case.ipv6 or "ipv6" in case.id:
            for lack in self.offers.lacking([Capability.IPV6]):
                return Replies(skipped=f"{self.side}: {lack}")
        try:
            return Replies(comparable(player.frames(case)))
        except PeerError as error:
            return Replies(skipped=f"{self.side}: the case cannot begin: {error.args[0]}")

    def _exchange(self) -> Sequence[CapturedFrame]:
        board = self.board
        board.restore(self.state)
        capture = board.wire.capture = Capture()
        board.wire.sr1(Ether() / IP(dst=board.ip) / ICMP(id=1) / b"are you there?", timeout=1)
        try:
            with Peer(board.wire) as peer:
                peer.upgrade("/")
                peer.echo("Hello")
                peer.echo(bytes(range(256)) * 8)
        except PeerError:
            pass  # what came instead is in the capture
        return capture.frames


def compare(
    left: Side,
    right: Side,
    stimuli: Iterable[Case | str],
    seed: int = DEFAULT_SEED,
    tell: Callable[[Comparison], None] = lambda _: None,
    *,
    ready: str | None = None,
    board_options: Mapping[str, Any] = NO_OPTIONS,
    introduce: Callable[[str, str], None] = lambda _left, _right: None,
    ignore: Collection[str] = (),
) -> list[Comparison]:
    """Play each stimulus on both sides; `tell` hears of each at once, `introduce` of what the sides are.

    Each side is ready when it prints `ready`; `board_options` are further arguments of `Board.boot`.
    What is in the fields named in `ignore` (`IP.ttl`) may differ.
    Where the cases' own oracle can look into both guests, its witness and its questions are part of each
    exchange; where it cannot, a ping is. Raises UserError, GuestFault.
    """
    comparisons = []
    with (
        _booted(left, seed, ready, board_options) as one,
        _booted(right, seed, ready, board_options) as other,
    ):
        introduce(one.description, other.description)
        blind = any(side.offers.lacking(LOOKED_INTO) for side in (one, other))
        for side in (one, other):
            side.prepare(blind=blind)
        for stimulus in stimuli:
            name = stimulus if isinstance(stimulus, str) else stimulus.id
            here, there = one.play(stimulus), other.play(stimulus)
            if skipped := here.skipped or there.skipped:
                comparison = Comparison(name, skipped=skipped)
            else:
                found = differences(*(without(one.frames, ignore) for one in (here, there)))
                comparison = Comparison(name, found, max(len(here.frames), len(there.frames)))
            comparisons.append(comparison)
            tell(comparison)
    return comparisons


@contextmanager
def _booted(side: Side, seed: int, ready: str | None, board_options: Mapping[str, Any]) -> Iterator[Bench]:
    bench = Bench(side, seed, ready, board_options)
    try:
        yield bench
    finally:
        bench.board.close()


def comparable(frames: Iterable[CapturedFrame]) -> tuple[Packet, ...]:
    """The frames that the board sent, without what may differ from run to run."""
    starts: dict[tuple[int, int], int] = {}
    packets: list[Packet] = []
    for frame in frames:
        if frame.direction != "from-board":
            continue
        packet = Ether(frame.data)
        if IP in packet:
            packet[IP].id = 0
            packet[IP].chksum = 0
        if TCP in packet and (IP in packet or IPv6 in packet):
            segment = packet[TCP]
            start = starts.setdefault((segment.sport, segment.dport), segment.seq)
            segment.seq = (segment.seq - start) & 0xFFFFFFFF
            segment.chksum = 0
            segment.options = [
                (kind, (0, 0) if kind == "Timestamp" else value) for kind, value in segment.options
            ]
        if any(layer in packet for layer in UNASKED):
            continue
        if packets and acknowledges(packets[-1]) and continues(packet, packets[-1]):
            packets.pop()
        packets.append(packet)
    return tuple(packets)


def without(packets: Sequence[Packet], names: Collection[str]) -> Sequence[Packet]:
    """Copies of the packets that count, with default values in the fields of these names."""
    copies = [packet.copy() for packet in packets if not (ACKS in names and acknowledges(packet))]
    for name in names:
        layer_name, _, field = name.rpartition(".")
        for layer in (layer for packet in copies for layer in packet.iterpayloads()):
            if layer.name == layer_name and field in layer.fields:
                layer.setfieldval(field, layer.get_field(field).default)
    return copies


def check_fields(names: Iterable[str]) -> None:
    """See that each names a field of a Scapy layer, or is ACKS. Raises UserError."""
    for name in set(names) - {ACKS}:
        layer_name, _, field = name.rpartition(".")
        layers = [layer for layer in conf.layers if layer._name == layer_name]
        if not any(field == known.name for layer in layers for known in layer.fields_desc):
            raise UserError(
                f"there is no field {name!r}", "name it as the differences do: IP.ttl, TCP.window"
            )


def acknowledges(packet: Packet) -> bool:
    """Whether this is an acknowledgement and nothing else."""
    return TCP in packet and packet[TCP].flags == "A" and not segment_data(packet)


def continues(packet: Packet, before: Packet) -> bool:
    """Whether an acknowledgement says more than the one before, on the same connection."""
    if not acknowledges(packet):
        return False
    one, other = packet[TCP], before[TCP]
    same = (one.sport, one.dport, one.seq) == (other.sport, other.dport, other.seq)
    return same and 0 < (one.ack - other.ack) & 0xFFFFFFFF < 1 << 31


def segment_data(packet: Packet) -> bytes:
    """What a segment carries, without the padding of its frame."""
    data = packet[TCP].payload
    return b"" if isinstance(data, NoPayload | Padding) else bytes(data)


def differences(left: Sequence[Packet], right: Sequence[Packet]) -> tuple[Difference, ...]:
    """Where two sequences of replies differ, frame by frame, lined up so that most frames agree."""
    matcher = difflib.SequenceMatcher(
        None, [bytes(p) for p in left], [bytes(p) for p in right], autojunk=False
    )
    found = []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        for offset in range(max(i_end - i, j_end - j)):
            here = left[i + offset] if i + offset < i_end else None
            there = right[j + offset] if j + offset < j_end else None
            found.append(Difference(i + offset + 1, *_told(here, there)))
    return tuple(found)


def _told(left: Packet | None, right: Packet | None) -> tuple[str | None, str | None]:
    """Both in one line each; where they look alike, with the fields that differ."""
    one, other = (None if p is None else str(p.summary()) for p in (left, right))
    if left is None or right is None or one != other:
        return one, other
    mine, its = fields(left), fields(right)
    names = [name for name in mine | its if mine.get(name) != its.get(name)]
    return tuple(f"{one} [{', '.join(f'{n}={f.get(n)}' for n in names)}]" for f in (mine, its))  # type: ignore[return-value]


def fields(packet: Packet) -> dict[str, str]:
    """Every field of every layer: `IP.ttl` and its value."""
    return {
        f"{layer.name}.{name}": repr(value)
        for layer in packet.iterpayloads()
        for name, value in layer.fields.items()
    }
