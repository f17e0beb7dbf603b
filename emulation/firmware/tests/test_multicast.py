"""IGMP of the firmware (RFC 2236), which joins a group only when its program does: from its prompt, here."""

from __future__ import annotations

import struct

import pytest

from emulation.firmware.tests.wire import HOST_IP, HOST_MAC, checksum, run
from emulation.quark.machine import QuarkMachine

GROUP = bytes([239, 1, 2, 3])
ALL_SYSTEMS = bytes([224, 0, 0, 1])
QUERY, REPORT_1, REPORT_2, LEAVE = 0x11, 0x12, 0x16, 0x17
JOIN = "__import__('socket').socket(2,2).setsockopt(0,0x400,bytes((239,1,2,3,0,0,0,0)))"
LEAVE_IT = JOIN.replace("0x400", "0x401")


def igmp(kind: int, delay: int, group: bytes = bytes(4), to: bytes = ALL_SYSTEMS, more: bytes = b"") -> bytes:
    """A message of another host, in a frame; `delay` in tenths of a second."""
    message = struct.pack(">BBH", kind, delay, 0) + group + more
    message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 1, 2, 0) + HOST_IP + to
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    mac = bytes([1, 0, 0x5E, to[1] & 127, to[2], to[3]])
    return mac + HOST_MAC + b"\x08\x00" + (header + message).ljust(46, b"\0")


def sent(machine: QuarkMachine, seconds: float) -> list[tuple[int, bytes]]:
    """Type and group of the board's messages in this time, whose checksums are right."""
    messages = [
        f[14 + 4 * (f[14] & 15) :][:8]
        for f in run(machine, seconds)
        if f[12:14] == b"\x08\x00" and f[23] == 2
    ]
    assert all(checksum(message) == 0 for message in messages)
    return [(message[0], message[4:8]) for message in messages]


@pytest.fixture
def member(machine: QuarkMachine) -> QuarkMachine:
    """A board that has joined the group, and said so."""
    run(machine, 1.0)
    machine.uart_write(b"\x03")
    run(machine, 0.5)
    machine.uart_write(JOIN.encode() + b"\r")
    assert set(sent(machine, 15)) == {(REPORT_2, GROUP)}
    return machine


def test_a_query_is_answered_with_a_report_of_its_version(member: QuarkMachine) -> None:
    member.send_frame(igmp(QUERY, 20))
    assert sent(member, 3) == [(REPORT_2, GROUP)]
    member.send_frame(igmp(QUERY, 0))
    assert sent(member, 12) == [(REPORT_1, GROUP)], "RFC 2236, section 4"


def test_a_router_of_version_1_is_remembered_for_400_seconds(member: QuarkMachine) -> None:
    member.send_frame(igmp(QUERY, 0))
    sent(member, 12)
    member.send_frame(igmp(QUERY, 20))
    assert sent(member, 380) == [(REPORT_1, GROUP)]
    member.send_frame(igmp(QUERY, 20))
    assert sent(member, 3) == [(REPORT_1, GROUP)]
    sent(member, 10)
    member.send_frame(igmp(QUERY, 20))
    assert sent(member, 3) == [(REPORT_2, GROUP)]


def test_a_query_of_version_3_is_not_one_of_version_1(member: QuarkMachine) -> None:
    """RFC 3376, section 7.1: it is longer."""
    member.send_frame(igmp(QUERY, 0, more=bytes(4)))
    assert {kind for kind, _ in sent(member, 12)} <= {REPORT_2}


def test_a_router_of_version_1_is_told_of_no_leaving(member: QuarkMachine) -> None:
    member.send_frame(igmp(QUERY, 0))
    sent(member, 12)
    member.uart_write(LEAVE_IT.encode() + b"\r")
    assert sent(member, 1) == []


def test_a_router_of_version_2_is_told_of_leaving(member: QuarkMachine) -> None:
    member.uart_write(LEAVE_IT.encode() + b"\r")
    assert sent(member, 1) == [(LEAVE, GROUP)]


@pytest.mark.parametrize("report", [REPORT_1, REPORT_2])
def test_a_report_of_another_member_spares_the_boards_own(member: QuarkMachine, report: int) -> None:
    member.send_frame(igmp(QUERY, 100))
    member.send_frame(igmp(report, 0, GROUP, GROUP))
    assert sent(member, 12) == []
