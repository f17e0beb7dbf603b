"""The x86 core: Unicorn, with what Unicorn leaves out: interrupt delivery, HLT, faults and an exact clock.

Unicorn has no interrupt controller and does not go through the IDT by itself. Emulation therefore runs in
slices that end at block boundaries (see `blockclock`), and between two slices an interrupt or exception is
delivered as the processor would: Intel SDM volume 3, chapter 6 (gates, stack frame, error codes).
"""

from __future__ import annotations

import ctypes
import enum
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import unicorn
from unicorn import x86_const as x86

from emulation.quark.blockclock import REASON_HALT, BlockClock

REGISTERS: dict[str, int] = {
    "eax": x86.UC_X86_REG_EAX,
    "ebx": x86.UC_X86_REG_EBX,
    "ecx": x86.UC_X86_REG_ECX,
    "edx": x86.UC_X86_REG_EDX,
    "esi": x86.UC_X86_REG_ESI,
    "edi": x86.UC_X86_REG_EDI,
    "ebp": x86.UC_X86_REG_EBP,
    "esp": x86.UC_X86_REG_ESP,
    "eip": x86.UC_X86_REG_EIP,
    "eflags": x86.UC_X86_REG_EFLAGS,
    "cr0": x86.UC_X86_REG_CR0,
    "cr2": x86.UC_X86_REG_CR2,
}

IF = 1 << 9
"""EFLAGS: maskable interrupts are taken."""
_CLEARED_AT_ENTRY = (1 << 8) | (1 << 14) | (1 << 16) | (1 << 17)  # TF, NT, RF, VM (SDM 6.12.1)

EXCEPTIONS = {
    0: "#DE divide error",
    1: "#DB debug",
    3: "#BP breakpoint",
    4: "#OF overflow",
    5: "#BR bound range exceeded",
    6: "#UD invalid opcode",
    7: "#NM no coprocessor",
    8: "#DF double fault",
    10: "#TS invalid TSS",
    11: "#NP segment not present",
    12: "#SS stack-segment fault",
    13: "#GP general protection",
    14: "#PF page fault",
    16: "#MF x87 error",
    17: "#AC alignment check",
}
_WITH_ERROR_CODE = frozenset({8, 10, 11, 12, 13, 14, 17})
_TRAPS = frozenset({3, 4})  # raised by INT3 and INTO, which software uses on purpose

_UNMAPPED_HOOKS = (
    unicorn.UC_HOOK_MEM_READ_UNMAPPED
    | unicorn.UC_HOOK_MEM_WRITE_UNMAPPED
    | unicorn.UC_HOOK_MEM_FETCH_UNMAPPED
    | unicorn.UC_HOOK_MEM_READ_PROT
    | unicorn.UC_HOOK_MEM_WRITE_PROT
    | unicorn.UC_HOOK_MEM_FETCH_PROT
)
_ACCESS_NAMES = {
    unicorn.UC_MEM_READ_UNMAPPED: "read of unmapped",
    unicorn.UC_MEM_WRITE_UNMAPPED: "write to unmapped",
    unicorn.UC_MEM_FETCH_UNMAPPED: "execution of unmapped",
    unicorn.UC_MEM_READ_PROT: "read of protected",
    unicorn.UC_MEM_WRITE_PROT: "write to read-only",
    unicorn.UC_MEM_FETCH_PROT: "execution of protected",
}


class Exit(enum.Enum):
    """Why a slice ended."""

    BOUNDARY = "boundary"
    """Deadline, request or a deliverable interrupt: at a block boundary, nothing wrong."""
    HALT = "halt"
    """The guest executed HLT; EIP is behind it."""
    EXCEPTION = "exception"
    """A CPU exception or software interrupt awaits delivery: see `vector`."""
    UNMAPPED = "unmapped"
    """A memory access that nothing answers: see `bad_access`."""


class _TableRegister(ctypes.Structure):
    """`uc_x86_mmr` of Unicorn: the form in which it gives IDTR."""

    _fields_ = (
        ("selector", ctypes.c_uint16),
        ("base", ctypes.c_uint64),
        ("limit", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
    )


class TripleFault(Exception):
    """An interrupt or exception that cannot be delivered: no usable gate, or no stack."""


@dataclass(frozen=True)
class CpuState:
    """A saved core."""

    context: Any
    counters: tuple[int, ...]
    halted: bool


class Cpu:
    """One core. Memory and devices are mapped by the caller through `uc` before the first slice."""

    def __init__(self, read_only: Iterable[tuple[int, int]]) -> None:
        self.uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
        # The Quark's Lakemont core is a Pentium: CPUID, RDTSC and CMPXCHG8B, but no CMOV, MMX or SSE.
        self.uc.ctl_set_cpu_model(x86.UC_CPU_X86_PENTIUM)
        self.clock = BlockClock(self.uc, read_only)
        self.state = self.clock.state
        self.halted = False
        self.vector = 0
        self.software = False
        self.bad_access = ""
        self.fetch_refused: int | None = None
        """Address that could not be executed, if that is what `bad_access` is about."""
        self.on_port: Callable[[str, int, int, int], int] = lambda *_: 0
        self._exit: Exit | None = None
        uc = self.uc
        uc.hook_add(unicorn.UC_HOOK_INTR, self._on_interrupt)
        uc.hook_add(unicorn.UC_HOOK_INSN_INVALID, self._on_invalid)
        uc.hook_add(_UNMAPPED_HOOKS, self._on_unmapped)
        uc.hook_add(unicorn.UC_HOOK_INSN, self._on_in, None, 1, 0, x86.UC_X86_INS_IN)
        uc.hook_add(unicorn.UC_HOOK_INSN, self._on_out, None, 1, 0, x86.UC_X86_INS_OUT)
        self._clean = uc.context_save()
        self._uclib = unicorn.unicorn_py3.unicorn.uclib
        # A periodic tick comes a hundred times a second and more: registers that its delivery needs are read
        # and written without Unicorn's Python binding, which takes ten times as long.
        self._word = ctypes.c_uint32()
        self._word_address = ctypes.byref(self._word)
        self._idtr = _TableRegister()
        self._idtr_address = ctypes.byref(self._idtr)
        self._gate = ctypes.create_string_buffer(8)

    # -- hooks -------------------------------------------------------------------------------------------

    def _on_interrupt(self, uc: Any, vector: int, _user: Any) -> None:
        self._exit = Exit.EXCEPTION
        self.vector = vector
        # Unicorn leaves EIP behind INT n, which ends its block, and on the instruction of an exception.
        self.software = (
            self.eip == self.state.block + self.state.block_size and vector not in _WITH_ERROR_CODE
        )
        uc.emu_stop()

    def _on_invalid(self, _uc: Any, _user: Any) -> bool:
        self._exit = Exit.EXCEPTION
        self.vector = 6
        self.software = False
        return False

    def _on_unmapped(self, _uc: Any, access: int, address: int, size: int, _value: int, _user: Any) -> bool:
        self._exit = Exit.UNMAPPED
        self.software = False
        if access in (unicorn.UC_MEM_FETCH_UNMAPPED, unicorn.UC_MEM_FETCH_PROT):
            self.fetch_refused = address
        self.bad_access = (
            f"{_ACCESS_NAMES.get(access, 'access to unmapped')} address 0x{address:08x} ({size} bytes)"
        )
        return False

    def _on_in(self, _uc: Any, port: int, size: int, _user: Any) -> int:
        return self.on_port("read", port, size, 0)

    def _on_out(self, _uc: Any, port: int, size: int, value: int, _user: Any) -> None:
        self.on_port("write", port, size, value)

    # -- running -----------------------------------------------------------------------------------------

    @property
    def eip(self) -> int:
        """The program counter."""
        return self._read(x86.UC_X86_REG_EIP)

    def _read(self, register: int) -> int:
        self._uclib.uc_reg_read(self.uc._uch, register, self._word_address)
        return self._word.value

    def _write(self, register: int, value: int) -> None:
        self._word.value = value
        self._uclib.uc_reg_write(self.uc._uch, register, self._word_address)

    @property
    def interrupts_enabled(self) -> bool:
        """IF is set and no STI or MOV SS holds interrupts off for one more instruction."""
        return not self.state.shadow and bool(self._read(x86.UC_X86_REG_EFLAGS) & IF)

    def run(self, deadline: int) -> Exit:
        """Execute until the first block boundary at or after cycle `deadline`, or until something happens.

        Every exit but UNMAPPED and EXCEPTION leaves a state that running on continues exactly.
        """
        state = self.state
        state.deadline = deadline
        state.request = 0
        state.reason = REASON_HALT
        self._exit = self.fetch_refused = None
        status = self._uclib.uc_emu_start(
            self.uc._uch,
            ctypes.c_uint64(self.eip),
            ctypes.c_uint64(0xFFFFFFFF),
            ctypes.c_uint64(0),
            ctypes.c_size_t(0),
        )
        if self._exit is None and status == unicorn.UC_ERR_OK and state.reason != REASON_HALT:
            return Exit.BOUNDARY
        if (
            self._exit is None
            and status == unicorn.UC_ERR_OK
            and self.uc.mem_read(self.eip - 1, 1) == b"\xf4"
        ):
            self.halted = True
            return Exit.HALT
        if self._exit is None and status in (unicorn.UC_ERR_OK, unicorn.UC_ERR_INSN_INVALID):
            # Unicorn also comes back without a word where the instruction does not decode.
            self._on_invalid(self.uc, None)
        elif self._exit is None:
            self._exit = Exit.UNMAPPED
            self.bad_access = str(unicorn.UcError(status))
        assert self._exit is not None
        if not self.software and self.fetch_refused is None:
            self._take_back_unexecuted()
        return self._exit

    def _take_back_unexecuted(self) -> None:
        """Uncount what follows a faulting instruction in its block: blocks are counted when they begin."""
        state = self.state
        done = self.clock.instructions_between(state.block, self.eip)
        state.cycles += done - state.block_instructions
        state.block_instructions = done

    @property
    def is_exception(self) -> bool:
        """The exception that ended the slice was the processor's, not an INT instruction of the guest."""
        return not self.software and self.vector not in _TRAPS

    def describe_exception(self) -> str:
        """The exception that ended the slice, in words."""
        return EXCEPTIONS.get(self.vector, f"vector {self.vector}")

    def deliver(self, vector: int, *, exception: bool = False) -> None:
        """Enter the handler of `vector` through the IDT. Raises TripleFault where that is impossible."""
        uclib, uch = self._uclib, self.uc._uch
        uclib.uc_reg_read(uch, x86.UC_X86_REG_IDTR, self._idtr_address)
        base, limit = self._idtr.base, self._idtr.limit
        if vector * 8 + 7 > limit:
            raise TripleFault(f"vector {vector} is beyond the IDT's limit 0x{limit:x}")
        if uclib.uc_mem_read(uch, base + vector * 8, self._gate, 8):
            raise TripleFault(f"the IDT at 0x{base:08x} is not in memory")
        gate = int.from_bytes(self._gate.raw, "little")
        kind = gate >> 40 & 0xFF
        if kind & 0x9F not in (0x8E, 0x8F):
            raise TripleFault(
                f"gate {vector} is not a present 32-bit interrupt or trap gate (type 0x{kind:02x})"
            )
        selector = gate >> 16 & 0xFFFF
        target = (gate & 0xFFFF) | (gate >> 32 & 0xFFFF0000)
        read = self._read
        esp, eip, eflags = read(x86.UC_X86_REG_ESP), read(x86.UC_X86_REG_EIP), read(x86.UC_X86_REG_EFLAGS)
        cs = read(x86.UC_X86_REG_CS) & 0xFFFF
        # The error code of a fault is not readable through Unicorn: 0, as for an access outside any segment.
        frame = [0] if exception and vector in _WITH_ERROR_CODE else []
        frame += [eip, cs, eflags]
        esp = (esp - 4 * len(frame)) & 0xFFFFFFFF
        pushed = struct.pack(f"<{len(frame)}I", *frame)
        if uclib.uc_mem_write(uch, esp, pushed, len(pushed)):
            raise TripleFault(f"the stack at 0x{esp:08x} is not in memory")
        self._write(x86.UC_X86_REG_ESP, esp)
        eflags &= ~_CLEARED_AT_ENTRY
        if kind & 0xF == 0xE:
            eflags &= ~IF
        self._write(x86.UC_X86_REG_EFLAGS, eflags)
        if selector != cs:
            try:
                self.uc.reg_write(x86.UC_X86_REG_CS, selector)
            except unicorn.UcError:
                raise TripleFault(f"selector 0x{selector:x} of gate {vector} is not usable") from None
        self._write(x86.UC_X86_REG_EIP, target)
        self.state.shadow = 0
        self.halted = False

    # -- state -------------------------------------------------------------------------------------------

    def reset(self, entry: int) -> None:
        """Flat 32-bit protected mode at `entry`, interrupts off, cycle 0: what the boot ROM leaves behind."""
        self.uc.context_restore(self._clean)
        self.uc.reg_write(x86.UC_X86_REG_EIP, entry)
        state = self.state
        state.cycles = state.blocks = 0
        state.block = state.block_size = state.block_instructions = 0
        state.request = state.interrupt = state.shadow = 0
        self.halted = False
        self.uc.ctl_flush_tb()
        self.clock.forget_counts()

    def registers(self) -> dict[str, int]:
        """General registers, EIP, EFLAGS and the control registers a fault is explained with."""
        return {name: self.uc.reg_read(number) for name, number in REGISTERS.items()}

    def save(self) -> CpuState:
        """The core's state, without memory."""
        return CpuState(self.uc.context_save(), tuple(getattr(self.state, f) for f in _COUNTERS), self.halted)

    def restore(self, saved: CpuState) -> None:
        """Back to a state of `save`. The caller restores memory."""
        self.uc.context_restore(saved.context)
        for name, value in zip(_COUNTERS, saved.counters, strict=True):
            setattr(self.state, name, value)
        self.halted = saved.halted
        if self.state.ran_from_ram:
            # Unicorn does not see memory change under translated code when it is restored behind its back.
            self.uc.ctl_flush_tb()


_COUNTERS = (
    "cycles",
    "blocks",
    "block",
    "block_size",
    "block_instructions",
    "interrupt",
    "shadow",
)
