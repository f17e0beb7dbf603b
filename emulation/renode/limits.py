"""What Renode and its models of this board cannot do: tests that need it are skipped, with the reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

from emulation.machine import Need

STEADY_CLOCK = (1, 15, 3)
"""The oldest version tried whose always-on counter runs at exactly 32,000 Hz of virtual time."""
NEW_PACKET_LIBRARY = (1, 16, 1)
"""Versions before it render each frame that the board sends for their log, and end where they cannot."""
FORGETS_LOADS = (1, 16, 1)
"""The oldest version tried that keeps no memory at each load."""


def lacks(version: tuple[int, ...]) -> Mapping[str, str]:
    """What this Renode cannot do, by need, and why not."""
    missing: dict[str, str] = {
        Need.SEED: "Renode's always-on counter, the board's randomness, starts at 0 always"
    }
    if version < STEADY_CLOCK:
        missing[Need.EXACT_CLOCK] = "the guest's clock gains 0.8 % on virtual time in Renodes before 1.15.3"
    return missing


_UNKNOWN = re.compile(r".*?((?:Type|TypeCode) of \S+ is not defined in ICMPv\S+)")


def ended_by_rendering(version: tuple[int, ...], log: str) -> bool:
    """Whether this is the log of an old version that met a frame which its packet library cannot render.

    Known: neighbour advertisements (ICMPv6 type 136) and ICMP type 11 code 1, reassembly time exceeded.
    """
    return version < NEW_PACKET_LIBRARY and bool(unknown_type(log))


def unknown_type(log: str) -> str:
    """What the packet library did not know, in its own words; empty where it was something else."""
    found = _UNKNOWN.search(log)
    return found[1] if found else ""
