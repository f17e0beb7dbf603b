"""What Renode and its models of this board cannot do: tests that need it are skipped, with the reason."""

from __future__ import annotations

from collections.abc import Mapping

from emulation.machine import Need

LACKS: Mapping[str, str] = {
    Need.SEED: "Renode's always-on counter, the board's randomness, starts at 0 always",
}

NEW_PACKET_LIBRARY = (1, 16, 1)
"""Versions before it render each frame that the board sends for their log, and end where they cannot."""

_RENDERING = "is not defined in ICMPv"


def ended_by_rendering(version: tuple[int, ...], why: str) -> bool:
    """Whether this is how old versions end over a frame that their packet library cannot render.

    Known: neighbour advertisements (ICMPv6 type 136) and ICMP type 11 code 1, reassembly time exceeded.
    """
    return version < NEW_PACKET_LIBRARY and _RENDERING in why
