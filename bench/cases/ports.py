"""Frames of cases that are written for port 8080, for a server that has another one."""

from __future__ import annotations

TCP = 6
_IPV4, _IPV6 = b"\x08\x00", b"\x86\xdd"


def with_port(frame: bytes, old: int, new: int, *, source: bool) -> bytes:
    """The frame of a TCP segment with its source or destination port `old` made `new`; others as they are.

    The checksum is adjusted by the difference (RFC 1624): a wrong one stays as wrong as it was.
    """
    if frame[12:14] == _IPV4 and len(frame) > 23 and frame[23] == TCP and not frame[20] & 0x1F | frame[21]:
        at = 14 + (frame[14] & 15) * 4
    elif frame[12:14] == _IPV6 and len(frame) > 20 and frame[20] == TCP:
        at = 54
    else:
        return frame
    port = at if source else at + 2
    if frame[port : port + 2] != old.to_bytes(2, "big"):
        return frame
    changed = bytearray(frame)
    changed[port : port + 2] = new.to_bytes(2, "big")
    if len(frame) >= at + 18:
        total = (~int.from_bytes(frame[at + 16 : at + 18], "big") & 0xFFFF) + (~old & 0xFFFF) + new
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        changed[at + 16 : at + 18] = (~total & 0xFFFF).to_bytes(2, "big")
    return bytes(changed)
