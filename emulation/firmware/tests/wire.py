"""Frames for the firmware's driver tests, made by hand: nothing of the bench may be used on this floor."""

from __future__ import annotations

import struct

from emulation.machine import Stop
from emulation.quark.machine import QuarkMachine

BOARD_MAC = bytes.fromhex("00005e005301")
HOST_MAC = bytes.fromhex("00005e005302")
OTHER_MAC = bytes.fromhex("00005e005303")
BROADCAST = b"\xff" * 6
BOARD_IP = bytes([192, 0, 2, 1])
HOST_IP = bytes([192, 0, 2, 2])
READY = b"listening on 192.0.2.1 ports 8080, 8081, 8082\r\n"


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def arp(operation: int, target: bytes = BOARD_IP, to: bytes = BROADCAST) -> bytes:
    """An ARP packet of the host: 1 request, 2 reply."""
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + HOST_MAC + HOST_IP + to + target
    return to + HOST_MAC + b"\x08\x06" + body


def ping(sequence: int, data: bytes = b"", to: bytes = BOARD_MAC) -> bytes:
    """An ICMP echo request of the host."""
    message = struct.pack(">BBHHH", 8, 0, 0, 1, sequence) + data
    message = message[:2] + struct.pack(">H", checksum(message)) + message[4:]
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, 1, 0) + HOST_IP + BOARD_IP
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return to + HOST_MAC + b"\x08\x00" + header + message


def pongs(frames: list[bytes]) -> list[int]:
    """Sequence numbers of the ICMP echo replies among `frames`."""
    return [f[41] | f[40] << 8 for f in frames if f[12:14] == b"\x08\x00" and f[23] == 1 and f[34] == 0]


def run(machine: QuarkMachine, seconds: float) -> list[bytes]:
    """Run, answering the board's ARP requests; gives what it sent."""
    sent = []
    end = machine.now + seconds
    while machine.run(end, Stop.FRAME) & Stop.FRAME:
        for frame in machine.frames():
            sent.append(frame.data)
            if (
                frame.data[12:14] == b"\x08\x06"
                and frame.data[20:22] == b"\0\1"
                and frame.data[38:42] == HOST_IP
            ):
                machine.send_frame(arp(2, to=BOARD_MAC))
    return sent


def boot(machine: QuarkMachine) -> None:
    """Run until the servers listen and the board knows the host."""
    shown = b""
    while READY not in shown and machine.now < 2:
        machine.run(machine.now + 0.01)
        shown += machine.uart_read()
    assert READY in shown
    machine.run(1.0)
    machine.frames()
    machine.send_frame(ping(0))
    answered = pongs(run(machine, 0.1))
    assert answered == [0], f"one ping was answered {len(answered)} times"


POOLS = 14
"""MEMP_MAX of this configuration."""
COUNTERS = ("received", "sent", "foreign", "bad_length", "overruns", "resyncs", "tx_timeouts")


def counters(machine: QuarkMachine) -> dict[str, int]:
    """The driver's counters (struct enc28j60_counters)."""
    data = machine.read_memory(machine.symbol("enc28j60_counters"), 4 * len(COUNTERS))
    return dict(zip(COUNTERS, struct.unpack(f"<{len(COUNTERS)}I", data), strict=True))


def pools_in_use(machine: QuarkMachine) -> list[int]:
    """Elements in use of each of lwIP's memory pools, the packet buffers last."""
    used = []
    for i in range(POOLS):
        descriptor = word(machine, machine.symbol("memp_pools") + 4 * i)
        stats = machine.read_memory(word(machine, descriptor), 8)  # struct stats_mem: err, avail, used, max
        used.append(struct.unpack("<4H", stats)[2])
    return used


def word(machine: QuarkMachine, address: int) -> int:
    """The 32 bits at `address`."""
    return int.from_bytes(machine.read_memory(address, 4), "little")


def fragment(packet: bytes, payload: bytes, offset: int, more: bool) -> bytes:
    """A fragment of an IPv4 packet without options: `payload` is what begins at `offset` of its data."""
    header = packet[14:34]
    header = header[:2] + struct.pack(">HHH", 20 + len(payload), 7, offset // 8 | more << 13) + header[8:10]
    header += b"\0\0" + packet[26:34]
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return packet[:14] + header + payload
