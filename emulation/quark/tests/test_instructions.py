"""Instructions of a 486 and Pentium that compilers and kernels use: results, cycles (Intel SDM, volume 2).

Each row leaves its result in EAX. All rows run in one program, each between two RDTSC.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from emulation.quark.machine import QuarkMachine
from emulation.quark.tests.guest import assemble

OVERHEAD = 2
"""Instructions between two RDTSC that are not of the row: the first itself, and storing its result."""


@dataclass(frozen=True)
class Row:
    """`code` has one instruction a line but for labels, unless `cycles` says how many there are.

    A repeated string instruction takes one cycle for each element, and one to see that none is left.
    """

    code: str
    result: int
    cycles: int | None = None


ROWS = {
    "bswap": Row("movl $0x12345678, %eax\n bswap %eax", 0x78563412),
    "cmpxchg that exchanges": Row(
        "movl $5, memory\n movl $5, %eax\n movl $9, %ecx\n lock cmpxchgl %ecx, memory\n movl memory, %eax", 9
    ),
    "cmpxchg that does not": Row(
        "movl $7, memory\n movl $5, %eax\n movl $9, %ecx\n lock cmpxchgl %ecx, memory", 7
    ),
    "cmpxchg8b": Row(
        "movl $1, memory\n movl $2, memory + 4\n movl $1, %eax\n movl $2, %edx\n"
        "movl $3, %ebx\n movl $4, %ecx\n"
        "lock cmpxchg8b memory\n movl memory, %eax\n shll $4, %eax\n orl memory + 4, %eax",
        0x34,
    ),
    "xadd": Row("movl $40, memory\n movl $2, %ecx\n lock xaddl %ecx, memory\n movl memory, %eax", 42),
    "xchg": Row("movl $1, memory\n movl $2, %eax\n xchgl %eax, memory", 1),
    "lock bts": Row("movl $0, memory\n lock btsl $19, memory\n sbbl %eax, %eax\n orl memory, %eax", 1 << 19),
    "lock btr": Row("movl $-1, memory\n lock btrl $19, memory\n movl memory, %eax", 0xFFF7FFFF),
    "lock btc": Row("movl $3, memory\n lock btcl $1, memory\n movl memory, %eax", 1),
    "bts beyond the word": Row(
        "movl $0, memory + 4\n movl $35, %ecx\n btsl %ecx, memory\n movl memory + 4, %eax", 8
    ),
    "bt": Row("movl $0x80, %ecx\n btl $7, %ecx\n sbbl %eax, %eax", 0xFFFFFFFF),
    "bsf": Row("movl $0x00A00000, %ecx\n bsfl %ecx, %eax", 21),
    "bsr": Row("movl $0x00A00000, %ecx\n bsrl %ecx, %eax", 23),
    "bsf of nothing sets ZF": Row("xorl %ecx, %ecx\n bsfl %ecx, %edx\n movl $0, %eax\n setz %al", 1),
    "shld": Row("movl $0x12345678, %eax\n movl $0x9ABCDEF0, %edx\n shldl $8, %edx, %eax", 0x3456789A),
    "shrd": Row(
        "movl $0x12345678, %eax\n movl $0x9ABCDEF0, %edx\n movb $8, %cl\n shrdl %cl, %edx, %eax", 0xF0123456
    ),
    "rcl through carry": Row("stc\n movl $0x80000000, %eax\n rcll $1, %eax\n rcll $1, %eax", 3),
    "sar": Row("movl $-16, %eax\n sarl $2, %eax", 0xFFFFFFFC),
    "rep movsb": Row(
        "movl $text, %esi\n movl $memory, %edi\n movl $8, %ecx\n rep movsb\n movl memory + 4, %eax",
        0x68676665,
        4 + 8 + 1,
    ),
    "rep movsl": Row(
        "movl $text, %esi\n movl $memory, %edi\n movl $2, %ecx\n rep movsl\n movl memory, %eax",
        0x64636261,
        4 + 2 + 1,
    ),
    "rep movsb backwards": Row(
        "std\n movl $text + 3, %esi\n movl $memory + 3, %edi\n movl $4, %ecx\n rep movsb\n cld\n"
        "movl memory, %eax",
        0x64636261,
        6 + 4 + 1,
    ),
    "rep stosl": Row(
        "movl $0xA5A5A5A5, %eax\n movl $memory, %edi\n movl $2, %ecx\n rep stosl\n xorl memory + 4, %eax",
        0,
        4 + 2 + 1,
    ),
    "rep with a count of 0": Row("xorl %ecx, %ecx\n movl $1, %eax\n rep stosl", 1, None),
    "repe cmpsb": Row(
        "movl $text, %esi\n movl $other, %edi\n movl $8, %ecx\n repe cmpsb\n movl %ecx, %eax", 3, 9
    ),
    "repne scasb": Row(
        "movl $text, %edi\n movb $0x66, %al\n movl $8, %ecx\n repne scasb\n movl %ecx, %eax", 2, 10
    ),
    "lodsb and xlat": Row(
        "movl $text, %esi\n xorl %eax, %eax\n movl $text - 0x61, %ebx\n lodsb\n xlat", 0x61
    ),
    "mul and div of 64 bits": Row(
        "movl $0x10000000, %eax\n movl $100, %ecx\n mull %ecx\n movl $50, %ecx\n divl %ecx", 0x20000000
    ),
    "imul with three operands": Row("movl $-7, %ecx\n imull $6, %ecx, %eax", 0xFFFFFFD6),
    "adc over two words": Row("movl $0xFFFFFFFF, %ecx\n movl $1, %eax\n addl $1, %ecx\n adcl $0, %eax", 2),
    "movsx and cdq": Row("movl $0x80, %ecx\n movsbl %cl, %eax\n cdq\n andl %edx, %eax", 0xFFFFFF80),
    "lahf and sahf": Row("movb $1, %ah\n sahf\n movl $0, %eax\n setc %al", 1),
    "enter and leave": Row("movl $77, %ebp\n enter $8, $0\n movl $0, -4(%ebp)\n leave\n movl %ebp, %eax", 77),
    "pushal and popal": Row("movl $11, %eax\n pushal\n movl $0, %eax\n popal", 11),
    "pushf and popf": Row("pushl $0x202 - 0x200\n popfl\n pushfl\n popl %eax\n andl $0x200, %eax", 0),
    "call and ret with arguments": Row(
        "pushl $5\n call 5f\n jmp 6f\n 5: movl 4(%esp), %eax\n ret $4\n 6:", 5, 5
    ),
    "far call and far return": Row("lcall $8, $5f\n jmp 6f\n 5: movl $66, %eax\n lret\n 6:", 66, 4),
    "iret to the code behind": Row("pushfl\n pushl $8\n pushl $5f\n iret\n 5: movl $55, %eax", 55),
    "sgdt and sidt": Row(
        "sgdt memory\n sidt memory + 8\n movzwl memory, %eax\n shll $16, %eax\n movw memory + 8, %ax",
        0x001707FF,
    ),
    "mov from and to CR0": Row("movl %cr0, %eax\n movl %eax, %cr0\n andl $1, %eax", 1),
    "smsw": Row("movl $0, %eax\n smsw %ax\n andl $1, %eax", 1),
    "wbinvd and invlpg": Row("wbinvd\n invlpg memory\n movl $3, %eax", 3),
    "cpuid: family 5": Row("movl $1, %eax\n cpuid\n shrl $8, %eax\n andl $0xF, %eax", 5),
    "cpuid: TSC and CMPXCHG8B but no CMOV": Row(
        "movl $1, %eax\n cpuid\n movl %edx, %eax\n andl $0x8110, %eax", 0x110
    ),
    "endbr32 is a nop": Row("movl $32, %eax\n .byte 0xF3, 0x0F, 0x1E, 0xFB", 32),
    "long nops": Row(
        "movl $9, %eax\n nopw 0(%eax,%eax,1)\n nopl 512(%eax,%eax,1)\n nopw %cs:512(%eax,%eax,1)", 9
    ),
    "pause": Row("movl $8, %eax\n pause", 8),
    "16-bit operands and addresses": Row("movl $0x1234FFFF, %eax\n incw %ax", 0x12340000),
    "loop": Row("movl $5, %ecx\n xorl %eax, %eax\n 5: incl %eax\n loop 5b", 5, 2 + 2 * 5),
    "jcxz": Row("xorl %ecx, %ecx\n movl $1, %eax\n jcxz 5f\n movl $2, %eax\n 5:", 1, 3),
}


@pytest.fixture(scope="module")
def ran() -> QuarkMachine:
    """The program with all rows has run."""
    program = ["main:"]
    for number, row in enumerate(ROWS.values()):
        begin, end, result = (f"results + {12 * number + offset}" for offset in (0, 4, 8))
        program += [f"rdtsc\n movl %eax, {begin}\n {row.code}\n movl %eax, {result}"]
        program += [f"rdtsc\n movl %eax, {end}"]
    program += [
        " sti\n hlt",
        'text: .ascii "abcdefgh"\n other: .ascii "abcdXfgh"',
        f".bss\n .align 8\n memory: .skip 64\n results: .skip {12 * len(ROWS)}",
    ]
    machine = QuarkMachine()
    machine.load(assemble("\n".join(program)))
    machine.run(0.01)
    return machine


def words(machine: QuarkMachine, name: str) -> tuple[int, int, int]:
    """The cycle before a row, the one behind it, its result."""
    at = machine.symbol("results") + 12 * list(ROWS).index(name)
    data = machine.read_memory(at, 12)
    begin, end, result = (int.from_bytes(data[i : i + 4], "little") for i in (0, 4, 8))
    return begin, end, result


@pytest.mark.parametrize("name", ROWS)
def test_result(ran: QuarkMachine, name: str) -> None:
    assert f"{words(ran, name)[2]:08x}" == f"{ROWS[name].result:08x}"


@pytest.mark.parametrize("name", [name for name in ROWS if "count of 0" not in name])
def test_cycles(ran: QuarkMachine, name: str) -> None:
    begin, end, _ = words(ran, name)
    row = ROWS[name]
    lines = [line for line in row.code.split("\n") if line.strip() not in ("5:", "6:")]
    # One instruction is one cycle; one more stores the result.
    assert end - begin - OVERHEAD - 1 == (row.cycles or len(lines))
