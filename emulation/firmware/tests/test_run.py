"""The firmware on the embedded emulator, below the network: console, time, sleep, faults."""

from __future__ import annotations

import struct

import pytest
from unicorn import x86_const as x86

from emulation.errors import GuestFault
from emulation.firmware.build import BuildResult
from emulation.quark.machine import QuarkMachine

READY = b"listening on 192.0.2.1 ports 8080, 8081, 8082\r\n"


def until(machine: QuarkMachine, wanted: bytes, limit: float = 2.0) -> bytes:
    """Run until the console has shown `wanted`; gives all it showed."""
    shown = b""
    end = machine.now + limit
    while wanted not in shown and machine.now < end:
        machine.run(machine.now + 0.01)
        shown += machine.uart_read()
    assert wanted in shown, shown.decode(errors="replace")
    return shown


def repl(machine: QuarkMachine) -> None:
    until(machine, READY)
    machine.uart_write(b"\x03")
    until(machine, b">>> ")


def ask(machine: QuarkMachine, expression: str) -> str:
    machine.uart_write(f"print('=', {expression})\r".encode())
    shown = until(machine, b"\r\n>>> ").decode()
    return shown.split("= ")[-1].split("\r\n")[0]


def test_it_says_when_it_listens_and_nothing_else(machine: QuarkMachine) -> None:
    assert until(machine, READY) == b"ws_server: " + READY


def test_it_uses_no_register_that_is_not_there(machine: QuarkMachine) -> None:
    until(machine, READY)
    machine.run(machine.now + 2)
    assert machine.unknown_accesses == []


def test_an_idle_minute_costs_next_to_nothing(machine: QuarkMachine) -> None:
    until(machine, READY)
    machine.run(machine.now + 5)
    before = machine.instructions
    machine.run(machine.now + 60)
    assert machine.instructions - before < 200_000


def test_control_c_ends_the_application_with_its_traceback_and_a_prompt(machine: QuarkMachine) -> None:
    until(machine, READY)
    machine.uart_write(b"\x03")
    shown = until(machine, b">>> ")
    assert b"Traceback" in shown
    assert b"KeyboardInterrupt" in shown


def test_control_d_starts_the_application_anew(machine: QuarkMachine) -> None:
    repl(machine)
    machine.uart_write(b"\x04")
    until(machine, READY)


def test_control_c_stops_code_that_never_waits(machine: QuarkMachine) -> None:
    repl(machine)
    machine.uart_write(b"while True: pass\r\r")
    machine.run(machine.now + 0.05)
    machine.uart_write(b"\x03")
    assert b"KeyboardInterrupt" in until(machine, b">>> ")


def test_an_exception_shows_its_traceback(machine: QuarkMachine) -> None:
    repl(machine)
    machine.uart_write(b"1 // 0\r")
    shown = until(machine, b"\r\n>>> ")
    assert b"ZeroDivisionError" in shown


def test_at_least_28_kib_of_the_heap_are_free_once_it_listens(machine: QuarkMachine) -> None:
    repl(machine)
    ask(machine, "__import__('gc').collect()")
    assert int(ask(machine, "__import__('gc').mem_free()")) > 28 * 1024


@pytest.mark.parametrize("milliseconds", [1, 7, 250])
def test_sleep_takes_the_time_asked_for(machine: QuarkMachine, milliseconds: int) -> None:
    repl(machine)
    machine.uart_write(b"import time\r")
    until(machine, b">>> ")
    slept = "(lambda t: (time.sleep_ms(%d), time.ticks_diff(time.ticks_us(), t))[1])(time.ticks_us())"
    took = int(ask(machine, slept % milliseconds))
    # From anywhere within a millisecond to the end of the last one, and the interpreter's own time.
    assert (milliseconds - 1) * 1000 <= took <= (milliseconds + 1) * 1000


def test_ticks_run_with_virtual_time(machine: QuarkMachine) -> None:
    repl(machine)
    machine.uart_write(b"import time\r")
    until(machine, b">>> ")
    start, start_time = int(ask(machine, "time.ticks_ms()")), machine.now
    machine.run(machine.now + 100)
    end, end_time = int(ask(machine, "time.ticks_ms()")), machine.now
    assert end - start == pytest.approx(1000 * (end_time - start_time), abs=50)


def test_hashes_are_those_of_the_standards(machine: QuarkMachine) -> None:
    repl(machine)
    machine.uart_write(b"import hashlib, binascii\r")
    until(machine, b">>> ")
    sha1 = ask(machine, "binascii.hexlify(hashlib.sha1(b'abc').digest())")
    assert sha1 == "b'a9993e364706816aba3e25717850c26c9cd0d89d'"
    sha256 = ask(machine, "binascii.hexlify(hashlib.sha256(b'abc').digest())")
    assert sha256 == "b'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'"


def test_the_seed_decides_what_is_random(machine: QuarkMachine) -> None:
    drawn = []
    for seed in (1, 1, 2):
        board = QuarkMachine(seed=seed)
        assert machine.firmware is not None
        board.load(machine.firmware.path)
        repl(board)
        board.uart_write(b"import random\r")
        until(board, b">>> ")
        drawn.append(ask(board, "random.getrandbits(32)"))
        board.close()
    assert drawn[0] == drawn[1] != drawn[2]


UD2 = b"\x0f\x0b"
DIVIDE_BY_ZERO = b"\x31\xc9\xf7\xf1"  # xor ecx, ecx; div ecx


@pytest.mark.parametrize(
    ("code", "vector", "name"),
    [(UD2, 6, "invalid opcode"), (DIVIDE_BY_ZERO, 0, "divide error")],
    ids=["invalid opcode", "divide error"],
)
def test_a_cpu_exception_prints_vector_and_registers_and_restarts(
    machine: QuarkMachine, code: bytes, vector: int, name: str
) -> None:
    until(machine, READY)
    # Where the stack can never be: the bottom of SRAM.
    address = machine.symbol("__stack_bottom")
    uc = machine._cpu.uc
    uc.mem_write(address, code)
    uc.reg_write(x86.UC_X86_REG_EBX, 0x1234ABCD)
    uc.reg_write(x86.UC_X86_REG_EIP, address)
    with pytest.raises(GuestFault) as caught:
        machine.uart_write(b"x")  # an interrupt ends the sleep
        machine.run(machine.now + 0.5)
    shown = machine.uart_read().decode() + str(caught.value)
    assert f"*** CPU exception: {name}" in shown
    assert f"vector={vector:08x}" in shown
    assert "ebx=1234abcd" in shown
    assert "*** restarting" in shown


@pytest.mark.parametrize("times", [1, 2])
def test_a_failed_assertion_prints_its_reason_and_starts_the_board_anew(
    machine: QuarkMachine, times: int
) -> None:
    for _ in range(times):
        until(machine, READY)
        stack = machine.symbol("__stack_bottom") + 1024  # half of it is never used
        uc = machine._cpu.uc
        uc.mem_write(stack, struct.pack("<II", 0, stack + 8) + b"something impossible\0")
        uc.reg_write(x86.UC_X86_REG_ESP, stack)
        uc.reg_write(x86.UC_X86_REG_EIP, machine.symbol("board_panic"))
        machine.uart_write(b"x")  # an interrupt ends the sleep
        shown = until(machine, b"*** restarting\r\n")
        assert b"\r\n*** panic: something impossible\r\n" in shown
    assert until(machine, READY).count(READY) == 1


@pytest.mark.parametrize(("family", "address"), [(2, "192.0.2.2"), (10, "2001:db8::2")], ids=["ipv4", "ipv6"])
def test_a_udp_socket_sends_before_it_is_bound(machine: QuarkMachine, family: int, address: str) -> None:
    repl(machine)
    sent = ask(machine, f"__import__('socket').socket({family}, 2).sendto(b'hi', ('{address}', 9))")
    assert sent.startswith("2"), sent


def test_the_stack_has_room_to_spare(machine: QuarkMachine) -> None:
    """The stack was never written below its high-water mark; memory is zero at power-on."""
    until(machine, READY)
    bottom, top = machine.symbol("__stack_bottom"), machine.symbol("__stack_top")
    stack = machine.read_memory(bottom, top - bottom)
    unused = len(stack) - len(stack.lstrip(b"\0"))
    assert unused > len(stack) // 3


def test_no_memory_pool_of_the_network_is_in_use_while_nothing_is_connected(machine: QuarkMachine) -> None:
    until(machine, READY)
    machine.run(machine.now + 2)
    # lwip_stats.memp[i]: pointers to { err, avail, used, max, illegal }, 16 bits each.
    pools = machine.symbol("memp_memory_TCP_SEG_base")
    assert pools
    assert struct.unpack("<I", machine.read_memory(machine.symbol("tcp_active_pcbs"), 4)) == (0,)


@pytest.mark.parametrize("seed", [0xFFFFFF00, 0xFFFE0000], ids=["before boot is over", "while serving"])
def test_time_goes_on_when_the_always_on_counter_wraps(firmware: BuildResult, seed: int) -> None:
    machine = QuarkMachine(seed=seed)
    machine.load(firmware.elf)
    repl(machine)
    machine.uart_write(b"import time\r")
    until(machine, b">>> ")
    start, start_time = int(ask(machine, "time.ticks_ms()")), machine.now
    machine.run(machine.now + 10)
    end, end_time = int(ask(machine, "time.ticks_ms()")), machine.now
    machine.close()
    assert end - start == pytest.approx(1000 * (end_time - start_time), abs=50)
