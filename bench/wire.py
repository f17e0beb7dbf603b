"""The Ethernet segment the board is plugged into: a Scapy socket whose waiting runs the board.

Who waits, and how:

- The thread that made the board runs it. `wire.sr1`, `wire.sniff` and the other methods here count their
  timeouts in virtual seconds, and so do Scapy's own `sniff(opened_socket=wire, timeout=...)` and
  `sndrcv(wire, ..., timeout=..., threaded=False)` in that thread. Nothing sleeps.
- A sniffer in another thread (`AsyncSniffer(opened_socket=wire)`) looks on and never runs the board, so
  that it does not disturb what happens when. The running thread waits for such sniffers to catch up.
- Where Scapy measures a time that the wire cannot know (`sndrcv` with its sending thread, automata), the
  board runs no faster than the wall clock, so that Scapy's seconds mean what they say.
"""

from __future__ import annotations

import contextlib
import random
import select as os_select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from scapy import sendrecv
from scapy.base_classes import Gen, SetGen
from scapy.layers.l2 import Ether
from scapy.packet import Packet
from scapy.plist import PacketList, SndRcvList
from scapy.supersocket import SuperSocket

from bench.addresses import BENCH, BOARD, Station
from bench.capture import SET_BACK, TYPED, Recorder
from bench.completion import complete
from bench.loop import Clock, Loop
from bench.neighbour import Neighbour
from bench.reception.defect import drops
from bench.reception.findings import Reception
from bench.reception.listeners import Listener, Listeners
from bench.sniffing import WaitOver, note, teach_scapy
from bench.virtual_timeout import VirtualRemain, VirtualTimeout
from emulation.machine import TimedFrame

PATIENCE = 5.0
"""Virtual seconds that a wait takes at most if the caller names no timeout."""
QUEUE = 1024
"""Frames kept for a reader that does not come; the oldest are dropped first."""
EPHEMERAL_PORTS = 49152, 65536
"""Dynamic ports (RFC 6335, section 6), the end not included."""
POLL = 0.1
"""Wall seconds after which a waiting helper thread looks whether its sniffer was stopped."""
PACE = 0.005
"""Virtual seconds run at a time while virtual time is held back to the wall clock."""
CATCH_UP = 1.0
"""Wall seconds given to sniffers in other threads to take their frames."""


class Tap(SuperSocket):  # type: ignore[misc]  # Scapy's classes are not typed for mypy
    """One more end of the wire, with a receive queue of its own. `Wire.tap` opens it."""

    desc = "an end of the wire"
    nonblocking_socket = True  # Scapy: select may return early; look whether to go on, then call it again

    def __init__(self, wire: Wire, *, inter: float = 0.0) -> None:
        self.wire = wire
        self.ins = None
        self.outs = None
        self.queue: deque[TimedFrame] = deque(maxlen=QUEUE)
        self.over = False
        """The wait ended without a frame; the next `recv` says so to Scapy."""
        self.picky = False  # whether frames that a peer would drop do not reach this end
        self._inter = inter
        self._sent = 0

    def send(self, x: Packet | bytes) -> int:
        """Put a frame on the wire now. Returns its length; see `Wire.send`."""
        if self._inter and self._sent:
            self.wire.run(self._inter)
        self._sent += 1
        return self.wire.send(x)

    def recv_raw(self, x: int = 0) -> tuple[Any, bytes | None, float | None]:
        """The next frame as `(Ether, bytes, virtual time)`; runs the board for it if none waits.

        The bytes are None if none came within the wire's `patience`. Raises WaitOver where Scapy has to be
        told that its wait is over.
        """
        if not self.queue:
            if self.over:
                self.over = False
                raise WaitOver("the wait is over")
            self.wire.wait_until(lambda: bool(self.queue), self.wire.patience)
        if not self.queue:
            return Ether, None, None
        frame = self.queue.popleft()
        return Ether, frame.data, frame.time

    @staticmethod
    def select(sockets: list[Any], remain: float | None = None) -> list[Any]:
        """Scapy's way to wait: run the board until one of the sockets has something to read."""
        ends = [s for s in sockets if isinstance(s, Tap)]
        return ends[0].wire.select_ends(ends, [s for s in sockets if s not in ends], remain, sys._getframe(1))

    def fileno(self) -> int:
        """No file stands behind the wire."""
        return -1

    def close(self) -> None:
        """Take this end off the wire."""
        note()
        self.closed = True
        wire = getattr(self, "wire", None)
        if wire is not None:
            wire.forget(self)


@dataclass(frozen=True)
class WireState:
    """What `Wire.save` gives."""

    unread: tuple[TimedFrame, ...]
    switches: tuple[bool, bool, bool]  # neighbour enabled, reception strict, board misled
    next_port: int
    random: Any


class Wire(Tap):
    """The segment, seen from the bench host's end. All times are virtual seconds.

    Addresses that a packet leaves open are the bench host's and the board's (`bench.completion`); raw bytes
    go out as they are. The bench host answers ARP and Neighbor Discovery for its addresses unless
    `wire.neighbour.enabled = False`. Everything that crosses is given to `wire.capture` if that is set.
    """

    desc = "the Ethernet segment of the board"

    def __init__(
        self,
        loop: Loop,
        board: Station = BOARD,
        host: Station = BENCH,
        rng: random.Random | None = None,
    ) -> None:
        super().__init__(self)
        self.loop = loop
        self.clock = loop.clock
        self.board = board
        """The board's addresses, for packets that leave their destination open."""
        self.host = host
        """The bench host's."""
        self.neighbour = Neighbour(host)
        """What answers ARP and Neighbor Discovery; `enabled = False` keeps it from that."""
        self.reception = Reception(host)
        """Judges every frame of the board; `strict = False` keeps it from that."""
        self.capture: Recorder | None = None
        """Is given every frame, in both directions."""
        self.comment = ""
        """Goes with the next frame sent into the capture."""
        self.patience = PATIENCE
        """Virtual seconds that a wait without a timeout takes at most."""
        self.random = random.Random(0) if rng is None else rng
        """Where peers on this wire take their sequence numbers and keys from."""
        self._next_port = self.random.randrange(*EPHEMERAL_PORTS)
        self._taps: list[Tap] = []
        self._listeners = Listeners()
        self._wait: tuple[FrameType, float] | None = None
        self._arrival = threading.Condition(loop.lock)
        self._onlookers: dict[threading.Thread, bool] = {}
        loop.on_frame = self._deliver
        loop.on_typing = self._typed
        loop.after_run = self._let_onlookers_catch_up

    # -- frames ----------------------------------------------------------------------------------------------

    def send(
        self, x: Packet | bytes, comment: str = "", *, fcs: bytes | None = None, pad: bool = True
    ) -> int:
        """Put a frame on the cable now; its open addresses are filled in first. Returns its length.

        The board does not run until somebody waits. `comment` goes into the capture, where the frame has the
        time at which it will have crossed. `fcs`, 4 bytes, replaces the right checksum, `pad=False` sends a
        runt as it is. Raises EngineLacks where the engine cannot.
        """
        frame = bytes(x) if isinstance(x, bytes | bytearray) else bytes(complete(x, self.host, self.board))
        with self.loop.lock:
            now = self.clock.now
            crossed = self.loop.machine.send_frame(frame, fcs, pad=pad)
            if self.capture is not None:
                self.capture.add(crossed, frame, "to-board", comment or self.comment, fcs=fcs, pad=pad)
            self.comment = ""
            self.reception.sent(frame)
        if isinstance(x, Packet):
            x.sent_time = now
        return len(frame)

    def listen(self, callback: Listener, *, partner: bool = False) -> Callable[[], None]:
        """Call `callback(time, frame)` for every frame the board sends.

        A `partner` gets what is for the bench host or a group, and nothing that a receiver has to drop
        (`bench.reception`). Returns the function that ends this; restoring the board ends it too.
        """
        return self._listeners.add(callback, partner)

    def take_port(self) -> int:
        """A source port for a new connection, not used since the last restore (RFC 6056, section 3.3.1)."""
        first, end = EPHEMERAL_PORTS
        port = self._next_port
        self._next_port = port + 1 if port + 1 < end else first
        return port

    def tap(self, *, inter: float = 0.0) -> contextlib.closing[Tap]:
        """Open another end of the wire: `with wire.tap() as end: ...` sees the frames from now on.

        `inter` is the time the board runs between two frames sent through it.
        """
        end = Tap(self, inter=inter)
        self.remember(end)
        return contextlib.closing(end)

    def remember(self, end: Tap) -> None:
        """Frames reach this end from now on."""
        self._taps.append(end)

    def forget(self, end: Tap) -> None:
        """Frames no longer reach this end."""
        if end in self._taps:
            self._taps.remove(end)

    def close(self) -> None:
        """Nothing: Scapy closes sockets whose wait is over, but the segment lives as long as its board."""
        note()

    # -- waiting ---------------------------------------------------------------------------------------------

    def run(self, seconds: float) -> None:
        """Run the board. Raises GuestFault."""
        self.loop.run(seconds)

    def wait_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Run the board until `predicate()` is true or `timeout` has passed; returns its last answer.

        It is asked after each frame and each UART output. Raises GuestFault.
        """
        return self.loop.wait_until(predicate, timeout)

    def sr(
        self, x: Any, timeout: float | None = None, inter: float = 0, **options: Any
    ) -> tuple[SndRcvList, PacketList]:
        """Send packets, wait for their answers: Scapy's `sr` and `srp`, with the same options.

        Packets may start at layer 3 or with Ether. What a receiver has to drop is no answer (`sniff` shows
        it). Returns (answered, unanswered). Raises GuestFault.
        """
        packets = [complete(p, self.host, self.board) for p in (x if isinstance(x, Gen) else SetGen(x))]
        options = {"verbose": 0, "chainCC": True, "chainEX": True} | options | {"threaded": False}
        seconds = self.patience if timeout is None else timeout
        with self.tap(inter=inter) as end:
            end.picky = True
            result = sendrecv.sndrcv(end, packets, timeout=VirtualTimeout(seconds, self.clock), **options)
            return result[0], result[1]

    def sr1(self, x: Any, timeout: float | None = None, **options: Any) -> Any:
        """Send packets, return the first answer, a Packet, or None if none came: as Scapy's `sr1`, `srp1`."""
        answered, _ = self.sr(x, timeout, **options)
        return answered[0].answer if answered else None

    srp = sr
    srp1 = sr1

    def sniff(self, count: int = 0, timeout: float | None = None, **options: Any) -> PacketList:
        """Run the board and return the frames it sends: Scapy's `sniff`, with the same options.

        Ends after `count` frames, when `stop_filter` says so, or after `timeout`. Raises GuestFault, and what
        a callback raises.
        """
        if options.get("filter"):
            raise ValueError("a BPF filter needs a kernel socket; give a Python function as lfilter instead")
        seconds = self.patience if timeout is None else timeout
        with self.tap() as end:
            return sendrecv.sniff(
                opened_socket=end,
                count=count,
                timeout=VirtualTimeout(seconds, self.clock),
                **({"chainCC": True} | options),
            )

    def select_ends(
        self, ends: list[Tap], others: list[Any], remain: float | None, caller: FrameType
    ) -> list[Any]:
        """Scapy's select for ends of this wire, and possibly objects with a file number beside them.

        `remain` is how long Scapy wants to wait at most; `caller` is its stack frame, which tells one wait
        from the next. Returns what can be read. Raises GuestFault.
        """

        def ready() -> list[Any]:
            return [end for end in ends if end.queue or end.over]

        if found := ready():
            return found
        owner = threading.get_ident() == self.loop.owner
        if others or (owner and remain is None and threading.active_count() > 1):
            return self._wait_paced(ready, others, remain)
        if not owner:
            return self._look_on(ready, remain)
        if isinstance(remain, VirtualRemain):
            self.wait_until(lambda: bool(ready()), remain)
            return ready()
        # Scapy counts wall seconds here, which do not pass while the board runs. Keep the deadline for it, in
        # virtual time from the first call of this wait, and end the wait through EOFError when it is reached.
        if self._wait is None or self._wait[0] is not caller:
            self._wait = caller, self.clock.now + (self.patience if remain is None else remain)
        self.wait_until(lambda: bool(ready()), max(0.0, self._wait[1] - self.clock.now))
        if not ready():
            ends[0].over = True
            self._wait = None
        return ready()

    def _wait_paced(
        self, ready: Callable[[], list[Any]], others: list[Any], remain: float | None
    ) -> list[Any]:
        wall = time.monotonic()
        virtual = self.clock.now
        limit = POLL if remain is None else remain
        while True:
            readable = os_select.select(others, [], [], 0)[0] if others else []
            if readable:
                return readable
            self.loop.step(self.clock.now + PACE)
            if found := ready():
                return found
            elapsed = time.monotonic() - wall
            ahead = self.clock.now - virtual - elapsed
            if ahead > 0:
                os_select.select(others, [], [], ahead)
            if elapsed >= limit:
                return []

    def _look_on(self, ready: Callable[[], list[Any]], remain: float | None) -> list[Any]:
        thread = threading.current_thread()
        with self._arrival:
            self._onlookers[thread] = True
            self._arrival.notify_all()
            self._arrival.wait_for(lambda: bool(ready()), POLL if remain is None else min(remain, POLL))
            self._onlookers[thread] = False
            return ready()

    def _let_onlookers_catch_up(self) -> None:
        if not self._onlookers or threading.current_thread() in self._onlookers:
            return
        with self._arrival:
            end = time.monotonic() + CATCH_UP
            while time.monotonic() < end:
                self._onlookers = {t: idle for t, idle in self._onlookers.items() if t.is_alive()}
                idle = all(self._onlookers.values())
                if not self._onlookers or (idle and not self.queue):
                    return
                self._arrival.wait(0.005)

    def _typed(self) -> None:
        if self.capture is not None:
            self.capture.note(TYPED)

    def _deliver(self, frame: TimedFrame) -> None:
        defects = self.reception.judge(frame.data)
        dropped = bool(defects) and drops(defects)
        if self.capture is not None:
            self.capture.add(frame.time, frame.data, "from-board", "; ".join(map(str, defects)))
        partners = not dropped and self.reception.hears(frame.data)
        if partners:
            self.neighbour.strict = self.reception.strict
            answer = self.neighbour.answer(frame.data)
            if answer is not None:
                self.send(answer)
        self._listeners.tell(frame.time, frame.data, partners)
        for end in (self, *self._taps):
            if not (dropped and end.picky):
                end.queue.append(frame)
        if self._onlookers:
            self._arrival.notify_all()

    # -- state -----------------------------------------------------------------------------------------------

    def save(self) -> WireState:
        """A copy of the state."""
        switches = self.neighbour.enabled, self.reception.strict, self.reception.misled
        return WireState(tuple(self.queue), switches, self._next_port, self.random.getstate())

    def restore(self, state: WireState) -> None:
        """Back to a saved state. Listeners and taps belong to what happened in between: they are detached."""
        if self.capture is not None:
            self.capture.settle(SET_BACK, self.clock.now)
        self.neighbour.enabled, self.reception.strict, misled = state.switches
        self.reception.rewound(misled)
        self._next_port = state.next_port
        self.random.setstate(state.random)
        self.queue.clear()
        self.queue.extend(state.unread)
        self._listeners.clear()
        self._taps.clear()
        self._wait = None
        self.over = False
        self.comment = ""


def clock_of(sockets: Any, iface: Any) -> Clock | None:
    """The clock of the board that a sniffer on these runs while it waits; None for any other sniffer."""
    if sockets is None:
        from bench.scapy_interface import wire_behind

        wire = wire_behind(iface)
    else:
        ends = list(sockets) if isinstance(sockets, list | dict) else [sockets]
        wire = ends[0].wire if ends and all(isinstance(end, Tap) for end in ends) else None
    return wire.clock if wire is not None and threading.get_ident() == wire.loop.owner else None


teach_scapy(clock_of)
