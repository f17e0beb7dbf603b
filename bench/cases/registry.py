"""All cases, and how to find them by name."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from functools import cache

from bench.cases.case import LAYERS, Case
from bench.nearest import nearest
from emulation.errors import UserError


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case, from the cable upwards, in the order of the catalogue."""
    from bench.cases import (
        arp,
        ethernet,
        http,
        icmp,
        ipv4,
        ipv6,
        tcp,
        tcp_control,
        tcp_sequences,
        tcp_streams,
        websocket,
        websocket_messages,
    )

    modules = (
        ethernet,
        arp,
        ipv4,
        ipv6,
        icmp,
        tcp,
        tcp_control,
        tcp_sequences,
        tcp_streams,
        http,
        websocket,
        websocket_messages,
    )
    cases = (case for module in modules for case in module.CASES)
    return tuple(sorted(cases, key=lambda case: case.number))


def find(patterns: Iterable[str] = (), layer: str | None = None) -> list[Case]:
    """The cases that a pattern names: an id, a group, a number (`8`, `ipv4-8`), or a text with * and ?.

    They come in their order; all for no pattern. `layer` narrows it. Raises UserError for a pattern or a
    layer that names nothing.
    """
    if layer is not None and layer not in LAYERS:
        raise UserError(f"there is no layer {layer!r}", f"the layers are: {', '.join(LAYERS)}")
    cases = [case for case in all_cases() if layer in (None, case.layer)]
    wanted = list(patterns)
    if not wanted:
        return cases
    chosen: set[str] = set()
    for pattern in wanted:
        found = {case.id for case in cases if _named(case, pattern)}
        if not found:
            raise UserError(*_unknown(pattern, layer, cases))
        chosen |= found
    return [case for case in cases if case.id in chosen]


def _named(case: Case, pattern: str) -> bool:
    numbers = (f"{case.number}", f"{case.layer}-{case.number}", f"{case.layer}-{case.number:02}")
    return pattern == case.group or pattern in numbers or fnmatch.fnmatchcase(case.id, pattern)


def _unknown(pattern: str, layer: str | None, cases: list[Case]) -> tuple[str, str]:
    of_layer = f" in layer {layer}" if layer else ""
    if set(pattern) & set("*?["):
        return f"no case{of_layer} matches {pattern!r}", "`bench cases list` lists them"
    names = [name for case in cases for name in (case.id, case.group)]
    near = nearest(pattern, names)
    hint = f"the nearest is {near}; `bench cases list` lists all" if near else "`bench cases list` lists all"
    return f"there is no case {pattern!r}{of_layer}", hint


def spread(cases: Iterable[Case], most: int) -> list[Case]:
    """At most so many variants of each group, evenly spread over it and its first among them; 0: all."""
    if not most:
        return list(cases)
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    return [
        group[index * len(group) // min(most, len(group))]
        for group in groups.values()
        for index in range(min(most, len(group)))
    ]
