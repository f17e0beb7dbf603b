"""TCP options (RFC 9293, section 3.1): each as bytes, and what one end of a connection offers.

    options(maximum_segment_size(1460), NOP, window_scale(7), SACK_PERMITTED, timestamps(1, 0))

gives the options field of a segment, padded to a multiple of four bytes. Options that no standard knows, and
malformed ones, are plain bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

END, NOP = b"\0", b"\1"
"""RFC 9293, section 3.2."""

MSS, WINDOW_SCALE, SACK_PERMITTED_KIND, SACK, TIMESTAMPS = 2, 3, 4, 5, 8
"""Kinds (IANA, TCP parameters)."""

SACK_PERMITTED = bytes((SACK_PERMITTED_KIND, 2))
"""RFC 2018, section 2."""

LARGEST_SHIFT = 14
"""RFC 7323, section 2.3."""


def maximum_segment_size(size: int) -> bytes:
    """RFC 9293, section 3.7.1; `size` in bytes."""
    return struct.pack("!BBH", MSS, 4, size)


def window_scale(shift: int) -> bytes:
    """RFC 7323, section 2.2: windows are announced in units of 2**shift bytes."""
    return bytes((WINDOW_SCALE, 3, shift))


def sack(*blocks: tuple[int, int]) -> bytes:
    """RFC 2018, section 3: blocks beyond a gap; numbers of their first byte and of the one after the last."""
    edges = [edge for block in blocks for edge in block]
    return struct.pack(f"!BB{len(edges)}I", SACK, 2 + 4 * len(edges), *edges)


def timestamps(value: int, echo: int = 0) -> bytes:
    """RFC 7323, section 3.2: `TSval` and `TSecr`."""
    return struct.pack("!BBII", TIMESTAMPS, 10, value & 0xFFFFFFFF, echo & 0xFFFFFFFF)


def options(*parts: bytes) -> bytes:
    """The options field: the parts in this order, filled up with END to a multiple of four bytes.

    Raises ValueError beyond the 40 bytes that the data offset can tell.
    """
    field = b"".join(parts)
    field += END * (-len(field) % 4)
    if len(field) > 40:
        raise ValueError(f"TCP options take 40 bytes at most, not {len(field)} (RFC 9293, section 3.1)")
    return field


@dataclass(frozen=True)
class Options:
    """What an end says in the options of its segments, beside the maximum segment size of its SYN."""

    window_scale: int | None = None
    """Offer scaled windows; they are used if the other end offers them too."""
    sack_permitted: bool = False
    """Say that selective acknowledgements are understood."""
    timestamps: bool = False
    """Offer timestamps; all segments carry them if the other end offers them too. A tick is a millisecond."""
    syn: bytes | None = None
    """The whole options field of the SYN in place of all of the above and of the maximum segment size."""
    data: bytes = b""
    """More options in every segment but the SYN."""

    def of_syn(self, mss: int, now: float, echo: int = 0) -> bytes:
        """The options field of a SYN at the time `now`, in seconds. Raises ValueError if it is too long."""
        if self.syn is not None:
            return options(self.syn)
        parts = [maximum_segment_size(mss)]
        if self.window_scale is not None:
            parts += [NOP, window_scale(self.window_scale)]
        if self.sack_permitted:
            parts += [NOP, NOP, SACK_PERMITTED]
        if self.timestamps:
            parts += [NOP, NOP, timestamps(ticks(now), echo)]
        return options(*parts)

    def of_segment(self, now: float, echo: int | None) -> bytes:
        """The options field of any other segment; `echo` is None where timestamps are not in use."""
        if echo is None:
            return options(self.data)
        return options(NOP, NOP, timestamps(ticks(now), echo), self.data)


def ticks(now: float) -> int:
    """The timestamp clock, in milliseconds."""
    return int(now * 1000) & 0xFFFFFFFF
