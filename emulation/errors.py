"""The two ways something goes wrong below the bench: the user's input, or the guest's behaviour."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulation.console_text import printable


class UserError(Exception):
    """Something the user can mend: shown as one line, followed by what to do; never as a traceback.

    `message` says what is wrong, `hint` what to do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class EngineLacks(UserError):
    """The engine cannot do what another one can: tests that need it are skipped with the reason."""

    ROBOT_SKIP_EXECUTION = True
    """Robot Framework's word for that (user guide, 2.4.3)."""


@dataclass(frozen=True)
class Evidence:
    """What was known about the guest at the moment it failed."""

    time: float
    """Virtual seconds since reset."""
    registers: dict[str, int] = field(default_factory=dict)
    symbol: str = ""
    """`function+0x12` of the program counter, empty where the ELF has no symbol for it."""
    source: str = ""
    """`file.c:123` of the program counter, empty without line information."""
    uart_tail: str = ""
    """The last lines the guest printed."""

    def __str__(self) -> str:
        lines = [f"at {self.time:.6f} virtual seconds in {self.symbol or 'unknown code'}"]
        if self.source:
            lines[0] += f" ({self.source})"
        names = list(self.registers)
        for start in range(0, len(names), 4):
            lines.append("  ".join(f"{n}={self.registers[n]:08x}" for n in names[start : start + 4]))
        if self.uart_tail:
            lines.append("last UART lines:")
            lines.extend(f"  {printable(line)}" for line in self.uart_tail.splitlines())
        return "\n".join(lines)


class GuestFault(Exception):
    """The guest failed: CPU exception, triple fault, unmapped access, or no progress.

    `kind` is one of the words of `KINDS`; `reason` is one line.
    """

    KINDS = ("exception", "triple-fault", "unmapped", "halted", "spin", "engine")

    def __init__(self, kind: str, reason: str, evidence: Evidence) -> None:
        super().__init__(f"guest fault ({kind}): {reason}\n{evidence}")
        self.kind = kind
        self.reason = reason
        self.evidence = evidence
