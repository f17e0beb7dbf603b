"""Who talks to whom in a capture: the two ends that a ladder is drawn between."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.capture import CapturedFrame
from bench.report.capture_file import Packet
from emulation.errors import UserError

ARP = b"\x08\x06"


@dataclass(frozen=True)
class _Addresses:
    """Sender and receiver of a frame by every name they have in it; the most telling one first."""

    source: tuple[str, ...]
    destination: tuple[str, ...]


class Between(NamedTuple):
    """Two ends and the frames between them, as to and from the right one ("board")."""

    left: str
    right: str
    numbers: list[int]
    """Of the frames in the capture, from 1 on."""
    frames: list[CapturedFrame]

    def only(self, first: int, last: int) -> Between:
        """The frames with these numbers. Raises UserError if there are none."""
        chosen = [(n, f) for n, f in zip(self.numbers, self.frames, strict=True) if first <= n <= last]
        if not chosen:
            known = f"there are {len(self.numbers)}, from {self.numbers[0]} to {self.numbers[-1]}"
            raise UserError("no frame between the two ends has such a number", known)
        numbers, frames = zip(*chosen, strict=True)
        return self._replace(numbers=list(numbers), frames=list(frames))


def between(packets: Sequence[Packet], ends: tuple[str, str] | None) -> Between:
    """The frames between two ends.

    `ends` names them by IP or MAC address; without it they are the two that exchange most frames, and on the
    left is who begins. What an end sends to everyone counts as sent to the other. Raises UserError for a
    capture without frames and for an end that is not in it.
    """
    told = [_addresses(packet.frame) for packet in packets]
    ways = [(a.source[0], a.destination[0]) for a in told if not _is_group(a.destination[0])]
    pairs = Counter(frozenset(way) for way in ways if way[0] != way[1])
    if not pairs:
        raise UserError("the capture has no frames between two ends", "give a capture with some")
    if ends is None:
        busiest = pairs.most_common(1)[0][0]
        left = next(a.source[0] for a in told if {a.source[0], a.destination[0]} == busiest)
        (right,) = busiest - {left}
    else:
        left, right = (_canonical(end) for end in ends)
        known = {name for a in told for name in (*a.source, *a.destination)}
        for end in (left, right):
            if end not in known:
                some = ", ".join(sorted(set().union(*pairs)))
                raise UserError(f"no frame is from or to {end}", f"the ends in this capture: {some}")
        if left == right:
            raise UserError("the two ends are the same", "name two with --ends A,B")
    names = _aliases(told, left), _aliases(told, right)
    found = Between(left, right, [], [])
    for number, (packet, addresses) in enumerate(zip(packets, told, strict=True), 1):
        rightwards = _goes(addresses, *names)
        leftwards = _goes(addresses, names[1], names[0])
        if rightwards or leftwards:
            direction = "to-board" if rightwards else "from-board"
            found.numbers.append(number)
            found.frames.append(CapturedFrame(packet.time, packet.frame, direction, packet.comment))
    return found


def _goes(addresses: _Addresses, source: set[str], destination: set[str]) -> bool:
    if not source & set(addresses.source):
        return False
    return bool(destination & set(addresses.destination)) or any(map(_is_group, addresses.destination))


def _aliases(told: Sequence[_Addresses], end: str) -> set[str]:
    """The end and, if it is an IP address, its MAC address: it sends ARP under that one."""
    own = {end}
    for addresses in told:
        if addresses.source[0] == end:
            own |= {name for name in addresses.source if not _is_group(name) and name != _NOBODY}
    return own


_NOBODY = "00:00:00:00:00:00"


def _is_group(name: str) -> bool:
    """Whether an address means several stations: broadcast or multicast."""
    if name.count(":") == 5 and len(name) == 17:
        return bool(int(name[:2], 16) & 1)
    return ipaddress.ip_address(name).is_multicast


def _canonical(name: str) -> str:
    name = name.strip().lower()
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    parts = name.replace("-", ":").split(":")
    try:
        if len(parts) == 6 and all(len(part) <= 2 for part in parts):
            return ":".join(f"{int(part, 16):02x}" for part in parts)
    except ValueError:
        pass
    raise UserError(f"{name!r} is no address", "name IPv4, IPv6 or MAC addresses: --ends 192.0.2.1,192.0.2.2")


def _addresses(frame: bytes) -> _Addresses:
    destination, source = _mac(frame[:6]), _mac(frame[6:12])
    kind = frame[12:14]
    if kind == b"\x08\x00" and len(frame) >= 34:
        return _Addresses((_ip(frame[26:30]), source), (_ip(frame[30:34]), destination))
    if kind == b"\x86\xdd" and len(frame) >= 54:
        return _Addresses((_ip(frame[22:38]), source), (_ip(frame[38:54]), destination))
    if kind == ARP and len(frame) >= 42:
        return _Addresses((source, _ip(frame[28:32])), (destination, _ip(frame[38:42])))
    return _Addresses((source,), (destination,))


def _ip(packed: bytes) -> str:
    return str(ipaddress.ip_address(packed))


def _mac(data: bytes) -> str:
    return data.ljust(6, b"\0").hex(":")
