"""Guest health: what counts as a failure of the guest, and the evidence that goes with it.

A CPU exception does not end the run at once: the guest's own handler gets a moment to print what it knows.
Whatever happens in that moment, the exception is what is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulation.elf import Firmware
from emulation.errors import Evidence, GuestFault
from emulation.quark.clock import HZ
from emulation.quark.cpu import Cpu

_LAST_WORDS = HZ // 5
"""Cycles a guest gets after a CPU exception to print what its own fault handler prints."""
_TAIL = 2048
"""Bytes of console output kept for the evidence."""
_TAIL_LINES = 12


class Health:
    """Watches one guest. `spin_limit` is in cycles; `now` gives the current one."""

    def __init__(self, cpu: Cpu, spin_limit: int, now: Callable[[], int]) -> None:
        self.firmware: Firmware | None = None
        self._cpu = cpu
        self._now = now
        self.spin_limit = spin_limit
        self._progress = 0
        self._tail = bytearray()
        self._exception: tuple[str, Evidence] | None = None
        self._last_words_until = 0

    def progressed(self) -> None:
        """The guest did something that a guest in an endless loop does not do."""
        self._progress = self._now()

    def printed(self, byte: int) -> None:
        """The guest printed a byte on its console."""
        self._tail.append(byte)
        if len(self._tail) > 2 * _TAIL:
            del self._tail[:-_TAIL]
        self.progressed()

    @property
    def patience(self) -> int:
        """The cycle at which `check_time` has something to say unless the guest progresses before."""
        limit = self._progress + self.spin_limit
        return min(limit, self._last_words_until) if self._exception else limit

    def check_time(self) -> None:
        """Raises GuestFault when the guest computes without end, or has had its last words."""
        if self._now() < self.patience:
            return
        seconds = self.spin_limit / HZ
        raise self.fault("spin", f"no progress in {seconds:g} virtual seconds: no HLT, no output, no frame")

    def saw_exception(self) -> None:
        """The CPU raised an exception. Raises GuestFault for one on top of another."""
        cpu = self._cpu
        if self._exception is not None:
            raise self.fault("exception", "a second exception")
        reason = f"CPU exception {cpu.describe_exception()}"
        if cpu.vector == 14:
            reason += f" at address 0x{cpu.registers()['cr2']:08x}"
        self._exception = (reason, self.evidence())
        self._last_words_until = self._now() + _LAST_WORDS

    def saw_reset(self) -> None:
        """The guest asked for a reset. Raises GuestFault if that was its answer to an exception."""
        if self._exception is not None:
            raise self.fault("exception", "a reset")

    def fault(self, kind: str, reason: str) -> GuestFault:
        """The fault to raise: this one, or the exception that came before it, with what was printed since."""
        if self._exception is not None:
            first, seen = self._exception
            kind, reason = "exception", first
            evidence = Evidence(seen.time, seen.registers, seen.symbol, seen.source, self._last_lines())
            return GuestFault(kind, reason, evidence)
        return GuestFault(kind, reason, self.evidence())

    def evidence(self) -> Evidence:
        """What is known about the guest now."""
        registers = self._cpu.registers()
        at = registers["eip"]
        symbol = source = ""
        if self.firmware is not None:
            symbol, source = self.firmware.symbol_at(at), self.firmware.source_line(at)
        return Evidence(self._now() / HZ, registers, symbol or f"0x{at:08x}", source, self._last_lines())

    def _last_lines(self) -> str:
        lines = bytes(self._tail).decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES:])

    def reset(self) -> None:
        """A guest that has done nothing yet."""
        self._progress = 0
        self._tail.clear()
        self._exception = None

    def save(self) -> dict[str, Any]:
        """A copy of the state."""
        return {
            "progress": self._progress,
            "tail": bytes(self._tail),
            "exception": self._exception,
            "last_words_until": self._last_words_until,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        self._progress = state["progress"]
        self._tail[:] = state["tail"]
        self._exception = state["exception"]
        self._last_words_until = state["last_words_until"]
