"""What the MAC knows of a frame: its check sequence, the Internet checksum, and the two status vectors.

Pure functions of bytes. Bit numbers are those of DS39662E table 7-1 (transmit) and table 7-3 (receive).
"""

from __future__ import annotations

import zlib

HEADER_SIZE = 14
FCS_SIZE = 4
MAX_DATA = 1500
MIN_DATA = 46

BROADCAST = b"\xff" * 6
PAUSE_ADDRESS = bytes.fromhex("0180c2000001")
TYPE_VLAN, TYPE_CONTROL, OPCODE_PAUSE = 0x8100, 0x8808, 0x0001

# Bits that both vectors have, counted from the byte count's bit 0.
CRC_ERROR, LENGTH_CHECK_ERROR, LENGTH_OUT_OF_RANGE = 1 << 20, 1 << 21, 1 << 22
# Receive status vector (32 bits)
LONG_OR_DROP_EVENT, RECEIVED_OK, RX_MULTICAST, RX_BROADCAST = 1 << 16, 1 << 23, 1 << 24, 1 << 25
RX_CONTROL, RX_PAUSE, RX_UNKNOWN_OPCODE, RX_VLAN = 1 << 27, 1 << 28, 1 << 29, 1 << 30
# Transmit status vector (56 bits)
TX_DONE, TX_MULTICAST, TX_BROADCAST, TX_GIANT = 1 << 23, 1 << 24, 1 << 25, 1 << 30
TX_CONTROL, TX_PAUSE, TX_VLAN = 1 << 48, 1 << 49, 1 << 51


def fcs(data: bytes) -> bytes:
    """Frame check sequence of `data` (destination address to padding), in wire order."""
    return zlib.crc32(data).to_bytes(4, "little")


def internet_checksum(data: bytes) -> int:
    """Complement of the one's complement sum of big-endian words, odd data padded with 0 (section 13.2)."""
    if len(data) & 1:
        data += b"\0"
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def type_or_length(frame: bytes) -> int:
    """The type/length field; 0 for a frame too short to have one."""
    return int.from_bytes(frame[12:14], "big") if len(frame) >= HEADER_SIZE else 0


def is_control(frame: bytes) -> bool:
    """Whether this is a MAC control frame (IEEE 802.3 clause 31)."""
    return type_or_length(frame) == TYPE_CONTROL


def pause_time(frame: bytes, station: bytes) -> int | None:
    """Quanta (512 bit times each) a valid PAUSE frame asks for; None for any other frame."""
    if not is_control(frame) or frame[:6] not in (PAUSE_ADDRESS, station) or len(frame) < HEADER_SIZE + 4:
        return None
    if int.from_bytes(frame[14:16], "big") != OPCODE_PAUSE:
        return None
    return int.from_bytes(frame[16:18], "big")


def pause_frame(station: bytes, quanta: int) -> bytes:
    """A PAUSE frame, padded to the minimum size, without FCS (IEEE 802.3 annex 31B)."""
    head = PAUSE_ADDRESS + station + TYPE_CONTROL.to_bytes(2, "big") + OPCODE_PAUSE.to_bytes(2, "big")
    return (head + quanta.to_bytes(2, "big")).ljust(60, b"\0")


def length_bits(frame: bytes, check_length: bool) -> int:
    """Length Out of Range and, where MACON3.FRMLNEN asks for the comparison, Length Check Error.

    A frame whose data the sender had to pad to 46 bytes is not in error.
    """
    if len(frame) < HEADER_SIZE:
        return 0
    field = type_or_length(frame)
    if field > MAX_DATA:
        return LENGTH_OUT_OF_RANGE
    data = len(frame) - HEADER_SIZE
    if check_length and data != field and data != max(field, MIN_DATA):
        return LENGTH_CHECK_ERROR
    return 0


def receive_status(frame: bytes, size: int, fcs_ok: bool, station: bytes, check_length: bool) -> int:
    """Receive status vector of a frame (given without FCS) that took `size` bytes with its FCS."""
    status = size & 0xFFFF | length_bits(frame, check_length) | (RECEIVED_OK if fcs_ok else CRC_ERROR)
    if frame[:6] == BROADCAST:
        status |= RX_BROADCAST
    elif frame[0] & 1:
        status |= RX_MULTICAST
    if is_control(frame):
        status |= RX_CONTROL | (RX_UNKNOWN_OPCODE if pause_time(frame, station) is None else RX_PAUSE)
    if type_or_length(frame) == TYPE_VLAN:
        status |= RX_VLAN
    return status


def transmit_status(frame: bytes, size: int, on_wire: int, events: int, check_length: bool) -> bytes:
    """The seven bytes that follow a transmitted packet in the buffer.

    `frame` is what was sent, without FCS; `size` its bytes with FCS; `on_wire` how many of them left;
    `events` the bits that only the transmit logic knows (TX_DONE, TX_GIANT, CRC_ERROR).
    """
    status = size & 0xFFFF | events | length_bits(frame, check_length) | (on_wire & 0xFFFF) << 32
    if frame[:6] == BROADCAST:
        status |= TX_BROADCAST
    elif frame and frame[0] & 1:
        status |= TX_MULTICAST
    if is_control(frame):
        status |= TX_CONTROL
        if pause_time(frame, b"") is not None:
            status |= TX_PAUSE
    if type_or_length(frame) == TYPE_VLAN:
        status |= TX_VLAN
    return status.to_bytes(7, "little")
