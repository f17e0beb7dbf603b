"""Steps that need the board's answers to go on; most say in the log what they found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from bench.cases import words
from bench.cases.case import Start
from bench.cases.scene import MOMENT, Scene, masked
from bench.cases.steps import Crafted, Numbers
from bench.layers.tcp_state import TcpResetError
from bench.layers.websocket import WebSocket
from bench.peer import PeerError

STILL_HERE, LET_IN = "still here?", "let in"


class Action:
    """A step whose frames depend on the board's answers."""

    @property
    def messages(self) -> tuple[str | bytes, ...]:
        """What it sends the server to be answered."""
        return ()

    def crafted(self, numbers: Numbers) -> Iterator[Crafted]:
        """None beforehand."""
        return iter(())

    def act(self, scene: Scene) -> None:
        """See `bench.cases.steps.Step`."""
        raise NotImplementedError


@dataclass(frozen=True)
class Echo(Action):
    """A message on the case's connection has to come back, which is upgraded first if need be."""

    @property
    def messages(self) -> tuple[str | bytes, ...]:
        """See `Action`."""
        return (STILL_HERE,)

    def act(self, scene: Scene) -> None:
        """Says whether the connection still echoes."""
        scene.run(MOMENT)
        with scene.unheard():
            try:
                if scene.case.start is not Start.UPGRADED:
                    scene.peer.upgrade()
                scene.server.exchange(scene.peer, STILL_HERE)
                line = words.ALIVE
            except PeerError:
                line = words.MUTE
        scene.say(line)


@dataclass(frozen=True)
class Probe(Action):
    """Data on the case's connection: it is answered by RST if the board has forgotten the connection."""

    def act(self, scene: Scene) -> None:
        """Says that the connection is gone, or is not."""
        scene.run(MOMENT)
        with scene.unheard():
            scene.peer.send(b"anyone?")
            scene.run(MOMENT)
        scene.say(words.GONE if isinstance(scene.tcp.error, TcpResetError) else "the connection is not gone")


@dataclass(frozen=True)
class Serve(Action):
    """A new client connects, upgrades and has a message echoed. `patience` in virtual seconds."""

    ipv6: bool = False
    patience: float = 5.0

    @property
    def messages(self) -> tuple[str | bytes, ...]:
        """See `Action`."""
        return (LET_IN,)

    def act(self, scene: Scene) -> None:
        """Says that the client was served, or what went wrong."""
        scene.run(MOMENT)
        with scene.unheard():
            peer = scene.guest(ipv6=self.ipv6)
            peer.timeout = self.patience
            try:
                peer.connect().upgrade()
                scene.server.exchange(peer, LET_IN)
                line = words.SERVED
            except PeerError as error:
                line = f"a new client is not served: expected {error.expected}, came {error.came}"
        scene.say(line)


@dataclass(frozen=True)
class Endless(Action):
    """The same bytes on the case's connection over and over, until the board ends it or `most` are sent."""

    data: bytes
    most: int

    def act(self, scene: Scene) -> None:
        """Says nothing of its own; an end that does not come shows in the stream."""
        each = max(1, 500 // len(self.data))
        tcp = scene.tcp
        for _ in range(0, self.most, each):
            if scene.peer.closed_by_board or tcp.received:
                return
            scene.peer.send(self.data * each)
            # Until all is acknowledged: what is refused is what the board has read, not what waits here.
            scene.wire.wait_until(lambda: tcp.send_unacknowledged == tcp.send_next or bool(tcp.received), 2.0)
        scene.wire.wait_until(lambda: bool(tcp.received), 2.0)


@dataclass(frozen=True)
class Small(Action):
    """A connection with this MSS, on which 1000 bytes are echoed."""

    mss: int
    ipv6: bool = False

    @property
    def messages(self) -> tuple[str | bytes, ...]:
        """See `Action`."""
        return (bytes(1000),)

    def act(self, scene: Scene) -> None:
        """Says in what segments they come back."""
        with scene.unheard():
            peer = scene.guest(ipv6=self.ipv6, mss=self.mss)
            peer.connect()
            peer.tcp.mss = 1460  # what the bench sends is not cut: it is what the board sends that counts
            try:
                peer.upgrade()
            except PeerError:
                scene.say("the upgrade request is not answered")
                return
            before = len(peer.tcp.history)
            scene.server.exchange(peer, bytes(1000), timeout=20)
            count = sum(1 for r in peer.tcp.history[before:] if not r.sent and r.segment.payload)
        # 1004 bytes in segments of 48, the least that Linux sends, with one or two that end a write.
        scene.say(f"1000 bytes come back in {'at most 24' if count <= 24 else count} segments")


@dataclass(frozen=True)
class ClosedWindow(Action):
    """The window closes, a message is sent, and only later it opens again and the echo is read."""

    size: int
    seconds: float = 8.0

    @property
    def _message(self) -> bytes:
        return bytes(i % 251 for i in range(self.size))

    @property
    def messages(self) -> tuple[str | bytes, ...]:
        """See `Action`."""
        return (self._message,)

    def act(self, scene: Scene) -> None:
        """Says that the closed window was probed, and what came when it opened."""
        peer = scene.peer
        tcp = scene.tcp
        message = self._message
        tcp.window = 0
        peer.send(masked(WebSocket(opcode="binary") / message))  # its segments carry the closed window
        scene.run(1)  # what was under way when the window closed has arrived
        before = len(tcp.history)
        scene.run(self.seconds - 1)
        probed = any(not record.sent for record in tcp.history[before:])
        scene.say("the closed window is probed" if probed else "the closed window is not probed")
        tcp.window = 65535
        tcp.acknowledge(scene.wire.clock.now)
        for opcode, data in scene.server.answer(message):
            peer.expect_frame(opcode, data, timeout=20)
        scene.say(f"{self.size} bytes come once it opens")


@dataclass(frozen=True)
class Initial(Action):
    """Connections one after another, each reset at once."""

    ipv6: bool = False
    count: int = 12

    def act(self, scene: Scene) -> None:
        """Says how their initial sequence numbers differ."""
        numbers = []
        with scene.unheard():
            for _ in range(self.count):
                peer = scene.guest(ipv6=self.ipv6)
                peer.connect()
                numbers.append(next(r.segment.seq for r in peer.tcp.history if not r.sent))
                peer.reset()
                scene.run(0.02)
        differences = [(b - a) % (1 << 32) for a, b in pairwise(numbers)]
        twice = "no difference twice" if len(set(differences)) == len(differences) else "differences repeat"
        spread = max(numbers) - min(numbers) > 1 << 30 and max(differences) > 1 << 30
        scene.say(
            f"{self.count} numbers, {twice}, {'spread over the whole range' if spread else 'close together'}"
        )
