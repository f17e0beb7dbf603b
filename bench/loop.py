"""The one place where the board runs: step the engine, then hand round what came out of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from bench.typist import Typist
from emulation.errors import GuestFault
from emulation.machine import Machine, Stop, TimedFrame

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
"""Signals whose handlers may raise: Ctrl-C, a request to end, the timeouts of Robot Framework and pytest."""
LONGEST_RUN = 1.0
"""Virtual seconds after which a signal that came meanwhile is let through: a fraction of a wall second."""


@contextmanager
def holding_signals_back() -> Iterator[Callable[[], None]]:
    """Keep Python's signal handlers from running inside an engine; yields what lets them run.

    An engine calls back into Python from translated code. An exception that a handler raises at the very
    start of such a call has no Python frame to go to and is lost, and Ctrl-C with it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None  # handlers only ever run in the main thread
        return
    # What is not handled in Python (SIG_DFL, SIG_IGN, None) cannot raise.
    handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
    for wanted in SIGNALS:
        present = signal.getsignal(wanted)
        if callable(present):
            handlers[wanted] = present
    arrived: list[tuple[int, FrameType | None]] = []

    def let_through() -> None:
        while arrived:
            number, frame = arrived.pop(0)
            handlers[number](number, frame)

    for taken in handlers:
        signal.signal(taken, lambda number, frame: arrived.append((number, frame)))
    try:
        yield let_through
    finally:
        for taken, handler in handlers.items():
            signal.signal(taken, handler)
        let_through()


class Clock:
    """Virtual time of the board."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    @property
    def now(self) -> float:
        """Virtual seconds since reset."""
        return self._machine.now


class Loop:
    """Runs the machine until something happens and gives frames and UART bytes to whoever is interested.

    An engine is not thread-safe; `lock` is held whenever it is touched, so that Scapy's helper threads may
    send while another thread waits.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.clock = Clock(machine)
        self.lock = threading.RLock()
        self.owner = threading.get_ident()
        """The thread that runs the board; waits in other threads look on (see `bench.wire`)."""
        self.typist = Typist(machine)
        """Who types on the console."""
        self.fault: GuestFault | None = None
        """What made the guest stop for good; it is raised again by every further attempt to run."""
        self.on_uart: Callable[[bytes], None] = lambda _data: None
        self.on_frame: Callable[[TimedFrame], None] = lambda _frame: None
        self.on_typing: Callable[[], None] = lambda: None
        """Called when something is typed on the console."""
        self.after_run: Callable[[], None] = lambda: None
        """Called when a wait of the owner is over."""

    def step(self, until: float) -> Stop:
        """Run to virtual time `until` or to the next frame or UART output, and hand that round.

        Raises GuestFault.
        """
        with self.lock:
            if self.fault is not None:
                raise self.fault
            try:
                while (due := self.typist.due) is not None and due < until:
                    if stop := self.machine.run(due, Stop.FRAME | Stop.UART):
                        return stop
                    self.typist.type_due()
                return self.machine.run(until, Stop.FRAME | Stop.UART)
            except GuestFault as fault:
                self.fault = fault
                raise
            finally:
                # Also after a fault: the last words of the guest are its best evidence.
                self.collect()

    def collect(self) -> None:
        """Hand round what the board has put out already."""
        data = self.machine.uart_read()
        if data:
            self.on_uart(data)
        for frame in self.machine.frames():
            self.on_frame(frame)

    def run(self, seconds: float) -> None:
        """Run the board for so many virtual seconds. Raises GuestFault."""
        self.wait_until(lambda: False, seconds)

    def wait_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Run the board until `predicate()` is true or `timeout` virtual seconds have passed.

        The predicate is asked first of all, and again after each frame and UART output. Returns its last
        answer. Raises GuestFault.
        """
        deadline = self.clock.now + timeout
        try:
            with holding_signals_back() as let_signals_through:
                while not predicate():
                    soon = min(deadline, self.clock.now + LONGEST_RUN)
                    if self.step(soon) == Stop.DEADLINE and soon == deadline:
                        return predicate()
                    let_signals_through()
                return True
        finally:
            self.after_run()
