"""What a case does, as data: frames from outside, segments and bytes of its connection, time that passes.

A step knows the frames it sends before any board is there (`crafted`), so that they can be shown, and they
are made once, so that making them does not slow a run. Steps that need answers to go on (`Serve`) have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from scapy.packet import Packet

from bench.addresses import BENCH, BOARD
from bench.completion import complete
from bench.layers.tcpip import ACK, FIN, PSH, Endpoint, Segment, build, checksum

if TYPE_CHECKING:
    from bench.cases.scene import Scene

TCP_AT_IPV4, TCP_AT_IPV6 = 34, 54
"""Where the TCP header begins in a frame of `bench.layers.tcpip.build`."""
BOARD_MSS = 536


@dataclass(frozen=True)
class Crafted:
    """A frame as it goes on the cable; see `bench.wire.Wire.send`."""

    frame: bytes
    fcs: bytes | None = None
    pad: bool = True


@dataclass
class Numbers:
    """Addresses and sequence numbers of the case's connection at this point, from the bench's end."""

    local: Endpoint
    remote: Endpoint
    send_next: int
    receive_next: int
    window: int = 65535


class Step(Protocol):
    """One thing that a case does."""

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """The frames it sends, in their order; `numbers` moves on with what it sends in the stream."""

    def act(self, scene: Scene) -> None:
        """Do it."""


class Frames:
    """What all steps share that only put frames on the wire."""

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """See `Step`."""
        raise NotImplementedError

    def act(self, scene: Scene) -> None:
        """Send them back to back."""
        for crafted in self.crafted(scene.numbers):
            scene.send(crafted)


@dataclass(frozen=True)
class Send(Frames):
    """Packets made with Scapy, or whole frames as bytes; open addresses are the bench's and the board's.

    `every`: virtual seconds that pass after each.
    """

    packets: tuple[Packet | bytes, ...]
    fcs: bytes | None = None
    pad: bool = True
    every: float = 0.0

    def __init__(
        self, *packets: Packet | bytes, fcs: bytes | None = None, pad: bool = True, every: float = 0.0
    ) -> None:
        for name, value in (("packets", packets), ("fcs", fcs), ("pad", pad), ("every", every)):
            object.__setattr__(self, name, value)

    @cached_property
    def frames(self) -> tuple[Crafted, ...]:
        """Built when they are first needed."""
        return tuple(
            Crafted(p if isinstance(p, bytes) else bytes(complete(p, BENCH, BOARD)), self.fcs, self.pad)
            for p in self.packets
        )

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """See `Step`."""
        yield from self.frames

    def act(self, scene: Scene) -> None:
        """See `Step`."""
        for crafted in self.frames:
            scene.send(crafted)
            if self.every:
                scene.run(self.every)


@dataclass(frozen=True)
class Inject(Frames):
    """A segment of the case's connection which its end of the bench knows nothing of.

    `seq` and `ack` are offsets from what would be right. `dataofs` (32-bit words) and `checksum` (xor)
    spoil the header.
    """

    seq: int = 0
    ack: int = 0
    flags: int = ACK
    data: bytes = b""
    options: bytes = b""
    window: int | None = None
    urgent: int = 0
    dataofs: int | None = None
    spoil_checksum: int = 0

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """See `Step`."""
        segment = Segment(
            numbers.send_next + self.seq,
            numbers.receive_next + self.ack if self.flags & ACK else self.ack,
            self.flags,
            numbers.window if self.window is None else self.window,
            self.data,
            self.options,
            self.urgent,
        )
        frame = build(numbers.local, numbers.remote, segment, identification=0x4341)
        yield Crafted(self._spoil(frame, numbers))

    def _spoil(self, frame: bytes, numbers: Numbers) -> bytes:
        start = TCP_AT_IPV4 if len(numbers.local.ip) == 4 else TCP_AT_IPV6
        if self.dataofs is not None:
            tcp = bytearray(frame[start:])
            tcp[12] = self.dataofs << 4
            tcp[16:18] = b"\0\0"
            pseudo = numbers.local.ip + numbers.remote.ip + len(tcp).to_bytes(4, "big") + b"\0\0\0\x06"
            tcp[16:18] = checksum(pseudo + bytes(tcp)).to_bytes(2, "big")
            frame = frame[:start] + bytes(tcp)
        if self.spoil_checksum:
            value = int.from_bytes(frame[start + 16 : start + 18], "big") ^ self.spoil_checksum
            frame = frame[: start + 16] + value.to_bytes(2, "big") + frame[start + 18 :]
        return frame


@dataclass(frozen=True)
class Advance:
    """These bytes, which were injected, count as sent from now on."""

    data: bytes

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """See `Step`."""
        numbers.send_next += len(self.data)
        return iter(())

    def act(self, scene: Scene) -> None:
        """See `Step`."""
        scene.tcp.book(self.data, scene.wire.clock.now)


@dataclass(frozen=True)
class Stream:
    """Bytes on the case's connection, in segments of the sizes `split`, the rest as the board's MSS has it.

    `gap`: virtual seconds that pass after each segment. It ends early if the board closes the connection.
    """

    data: bytes
    split: Sequence[int] = field(default=())
    gap: float = 0.0

    @property
    def pieces(self) -> Iterator[bytes]:
        """The payloads of its segments."""
        at = 0
        sizes = iter(self.split)
        while at < len(self.data):
            size = next(sizes, BOARD_MSS)
            yield self.data[at : at + size]
            at += size

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """See `Step`."""
        for piece in self.pieces:
            segment = Segment(numbers.send_next, numbers.receive_next, PSH | ACK, numbers.window, piece)
            yield Crafted(build(numbers.local, numbers.remote, segment))
            numbers.send_next += len(piece)

    def act(self, scene: Scene) -> None:
        """See `Step`."""
        if not self.gap:
            scene.peer.send(self.data, self.split)
            return
        for piece in self.pieces:
            if scene.peer.closed_by_board:
                return
            scene.peer.send(piece)
            scene.run(self.gap)


@dataclass(frozen=True)
class Run:
    """Virtual seconds that pass."""

    seconds: float

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """See `Step`."""
        return iter(())

    def act(self, scene: Scene) -> None:
        """See `Step`."""
        scene.run(self.seconds)


@dataclass(frozen=True)
class Fin:
    """The end of our half of the stream."""

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """See `Step`."""
        segment = Segment(numbers.send_next, numbers.receive_next, FIN | ACK, numbers.window)
        yield Crafted(build(numbers.local, numbers.remote, segment))
        numbers.send_next += 1

    def act(self, scene: Scene) -> None:
        """See `Step`."""
        scene.peer.shutdown()
