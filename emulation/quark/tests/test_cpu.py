"""The core: exact clock, interrupts through the IDT, faults. Intel SDM volume 3, chapter 6."""

from __future__ import annotations

import pytest

from emulation.errors import GuestFault
from emulation.machine import Stop
from emulation.quark.clock import HZ
from emulation.quark.machine import QuarkMachine
from emulation.quark.tests.guest import assemble


def boot(source: str, *, spin_limit: float = 5.0) -> QuarkMachine:
    machine = QuarkMachine(spin_limit=spin_limit)
    machine.load(assemble(source))
    return machine


def word(machine: QuarkMachine, symbol: str) -> int:
    return int.from_bytes(machine.read_memory(machine.symbol(symbol), 4), "little")


def output(machine: QuarkMachine, seconds: float = 0.1) -> str:
    machine.run(machine.now + seconds)
    return machine.uart_read().decode()


SELF_IPI = "movl $0x{vector:x} + 0x44000, LAPIC + 0x300\n"  # fixed delivery, assert, destination self
ENABLE_LAPIC = "movl $0x1ff, LAPIC + 0xf0\n"
EOI = "movl $0, LAPIC + 0xb0\n"
BSS = ".bss\n.align 4\n"


def test_every_instruction_takes_one_cycle() -> None:
    machine = boot(
        "main: xorl %eax, %eax\n movl $1000, %ecx\n1: incl %eax\n decl %ecx\n jnz 1b\n sti\n hlt\n jmp ."
    )
    machine.run(1.0)
    prologue = 9  # lgdt, lidt, ljmp, five mov, jmp: the program's prelude
    assert machine.instructions == prologue + 2 + 3 * 1000 + 2


def test_a_repeated_string_instruction_takes_a_cycle_for_each_element() -> None:
    def cycles(count: int) -> int:
        machine = boot(
            f"main: movl $buffer, %edi\n movl ${count}, %ecx\n rep stosb\n sti\n hlt\n{BSS} buffer: .skip 256"
        )
        machine.run(1.0)
        return machine.instructions

    assert cycles(200) - cycles(100) == 100


def test_rdtsc_reads_the_virtual_cycle_at_which_it_executes() -> None:
    machine = boot(
        "main: rdtsc\n movl %eax, first\n nop\n nop\n"
        "rdtsc\n movl %eax, second\n movl %edx, high\n sti\n hlt\n"
        + BSS
        + "first: .long 0\nsecond: .long 0\nhigh: .long 0"
    )
    machine.run(1.0)
    assert word(machine, "first") == 9
    assert word(machine, "second") - word(machine, "first") == 4
    assert word(machine, "high") == 0


def test_rdtsc_reads_virtual_cycles_in_code_that_was_copied_to_ram() -> None:
    machine = boot(
        "main: movl $begin, %esi\n movl $0xA8001000, %edi\n movl $end - begin, %ecx\n rep movsb\n"
        "movl $0xA8001000, %eax\n call *%eax\n sti\n hlt\n"
        "begin: rdtsc\n movl %eax, first\n rdtsc\n movl %eax, second\n ret\n end:\n"
        ".bss\n first: .long 0\n second: .long 0\n"
    )
    machine.run(0.001)
    first, second = word(machine, "first"), word(machine, "second")
    assert second - first == 2
    assert first < 200


def test_hlt_jumps_to_the_next_event_without_executing() -> None:
    machine = boot("main: sti\n1: hlt\n jmp 1b")
    machine.run(3600.0)
    assert machine.now == 3600.0
    assert machine.instructions == 11


def test_an_interrupt_waits_for_the_instruction_after_sti() -> None:
    machine = boot(
        "main: gate 0x41, handler\n movl $0, seen\n"
        + ENABLE_LAPIC
        + SELF_IPI.format(vector=0x41)
        + "sti\n movl $1, seen\n movl $2, seen\n 1: hlt\n jmp 1b\n"
        + "handler: movl seen, %eax\n movl %eax, at_entry\n"
        + EOI
        + "iret\n"
        + BSS
        + "seen: .long 0\nat_entry: .long 0"
    )
    machine.run(0.01)
    assert word(machine, "at_entry") == 1


def test_sti_hlt_wakes_for_an_interrupt_that_was_pending_before() -> None:
    machine = boot(
        "main: gate 0x41, handler\n"
        + ENABLE_LAPIC
        + SELF_IPI.format(vector=0x41)
        + "sti\n hlt\n say after\n cli\n hlt\n handler: say irq\n"
        + EOI
        + "iret"
    )
    with pytest.raises(GuestFault, match="HLT with interrupts off"):
        machine.run(0.1)
    assert machine.uart_read() == b"irqafter"


def test_the_higher_vector_goes_first_and_interrupts_a_lower_ones_handler() -> None:
    machine = boot(
        "main: gate 0x41, low\n gate 0x81, high\n"
        + ENABLE_LAPIC
        + "sti\n"
        + SELF_IPI.format(vector=0x41)
        + "1: hlt\n jmp 1b\n low: say (low\n sti\n"
        + SELF_IPI.format(vector=0x81)
        + "nop\n say )\n"
        + EOI
        + "iret\n high: say high\n"
        + EOI
        + "iret"
    )
    assert output(machine) == "(lowhigh)"


def test_a_lower_vector_waits_for_the_end_of_the_higher_ones_handler() -> None:
    machine = boot(
        "main: gate 0x41, low\n gate 0x81, high\n"
        + ENABLE_LAPIC
        + "sti\n"
        + SELF_IPI.format(vector=0x81)
        + "1: hlt\n jmp 1b\n low: say low\n"
        + EOI
        + "iret\n high: say (high\n sti\n"
        + SELF_IPI.format(vector=0x41)
        + "nop\n nop\n say )\n"
        + EOI
        + "iret"
    )
    assert output(machine) == "(high)low"


def test_int_n_goes_through_the_idt_and_returns_behind_itself() -> None:
    machine = boot(
        "main: gate 0x30, handler\n int $0x30\n say after\n sti\n1: hlt\n jmp 1b\n handler: say int\n iret"
    )
    assert output(machine) == "intafter"


def test_breakpoints_are_the_guests_own_business() -> None:
    machine = boot("main: gate 3, handler\n int3\n say after\n sti\n1: hlt\n jmp 1b\n handler: say bp\n iret")
    assert output(machine) == "bpafter"


def test_pentium_without_cmov() -> None:
    machine = boot("main: gate 6, handler\n cmovz %eax, %ebx\n handler: say UD\n cli\n hlt")
    with pytest.raises(GuestFault, match="#UD invalid opcode"):
        machine.run(0.1)


@pytest.mark.parametrize(
    ("vector", "code", "name"),
    [
        (0, "xorl %ecx, %ecx\n crash: divl %ecx", "#DE divide error"),
        (6, "crash: ud2", "#UD invalid opcode"),
        (13, "movl $0x70, %eax\n crash: movl %eax, %fs", "#GP general protection"),
    ],
)
def test_an_exception_fails_the_run_with_registers_symbol_and_last_words(
    vector: int, code: str, name: str
) -> None:
    machine = boot(
        f"main: gate {vector}, handler\n say before\n movl $0x12345678, %ebx\n"
        f".type culprit, @function\n culprit: {code}\n"
        ".size culprit, . - culprit\n handler: say dying\n cli\n hlt"
    )
    with pytest.raises(GuestFault) as caught:
        machine.run(1.0)
    fault = caught.value
    assert fault.kind == "exception"
    assert name in fault.reason
    assert fault.evidence.registers["eip"] == machine.symbol("crash")
    assert fault.evidence.registers["ebx"] == 0x12345678
    assert fault.evidence.symbol.startswith("culprit")
    assert "beforedying" in fault.evidence.uart_tail
    assert "guest.S:" in fault.evidence.source


def test_an_exception_in_the_exception_handler_reports_the_first() -> None:
    machine = boot("main: gate 0, handler\n xorl %ecx, %ecx\n divl %ecx\n handler: ud2")
    with pytest.raises(GuestFault, match="#DE divide error"):
        machine.run(0.1)


def test_an_interrupt_without_a_gate_is_a_triple_fault() -> None:
    machine = boot("main: " + ENABLE_LAPIC + SELF_IPI.format(vector=0x41) + "sti\n 1: hlt\n jmp 1b")
    with pytest.raises(GuestFault, match="gate 65 is not a present 32-bit interrupt or trap gate") as caught:
        machine.run(0.1)
    assert caught.value.kind == "triple-fault"


def test_a_guest_gets_a_moment_for_its_last_words_and_no_more() -> None:
    machine = boot("main: gate 6, handler\n ud2\n handler: say sorry\n 1: say .\n jmp 1b")
    with pytest.raises(GuestFault, match="#UD invalid opcode") as caught:
        machine.run(10.0)
    assert machine.now == pytest.approx(0.2, abs=0.001)
    assert machine.uart_read().startswith(b"sorry...")
    assert caught.value.evidence.uart_tail.endswith("...")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("movl 0x50000000, %eax", "read of unmapped address 0x50000000"),
        ("movl %eax, 0x50000000", "write to unmapped address 0x50000000"),
        ("movl %eax, 0x40000000", "write to read-only address 0x40000000"),
        ("movl $0x50000000, %eax\n jmp *%eax", "execution of unmapped address 0x50000000"),
        ("movl %eax, 0xA8014000", "write to unmapped address 0xa8014000"),
    ],
)
def test_unmapped_memory_is_a_guest_fault(code: str, expected: str) -> None:
    machine = boot("main: " + code)
    with pytest.raises(GuestFault, match=expected) as caught:
        machine.run(0.1)
    assert caught.value.kind == "unmapped"


def test_an_exception_without_a_gate_is_reported_as_that_exception() -> None:
    machine = boot("main: lidt empty\n ud2\n empty: .word 0\n .long 0")
    with pytest.raises(GuestFault, match="#UD invalid opcode") as caught:
        machine.run(0.1)
    assert caught.value.kind == "exception"


def test_a_guest_that_spins_is_stopped_by_the_watchdog_of_virtual_time() -> None:
    machine = boot(
        "main: cli\n .type forever, @function\n forever: jmp forever\n .size forever, 2", spin_limit=0.5
    )
    with pytest.raises(GuestFault, match=r"no progress in 0\.5 virtual seconds") as caught:
        machine.run(10.0)
    assert caught.value.kind == "spin"
    assert caught.value.evidence.symbol == "forever"
    assert machine.now == pytest.approx(0.5, abs=0.001)


def test_after_a_fault_the_machine_runs_again_only_from_a_restored_state() -> None:
    machine = boot("main: say up\n sti\n hlt\n ud2")
    machine.run(0.1)
    state = machine.snapshot()
    machine.uart_write(b"x")  # no interrupt enabled: changes nothing
    machine.run(0.2)
    machine.restore(state)
    assert machine.run(0.15) == Stop.DEADLINE


def test_virtual_time_is_cycles_over_32_mhz() -> None:
    machine = boot("main: movl $31999990, %ecx\n1: nop\n decl %ecx\n jnz 1b\n sti\n hlt")
    machine.run(10.0)
    assert machine.instructions == pytest.approx(3 * HZ, rel=1e-5)
