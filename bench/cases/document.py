"""The catalogue as a page: docs/cases.md is what this gives (`bench cases list --markdown`)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from bench.cases.case import LAYERS, Case

NAMES = {
    "ethernet": "Ethernet",
    "arp": "ARP",
    "ipv4": "IPv4",
    "ipv6": "IPv6",
    "icmp": "ICMP and ICMPv6",
    "tcp": "TCP",
    "http": "HTTP upgrade",
    "websocket": "WebSocket",
}

HEAD = """\
# Malformed frames

What a station must survive, in {entries} entries and {cases} cases. Each case starts from a snapshot of the
booted board in its state (listening, half-open, connected, upgraded), with another client connected beside
it, sends something, and is judged by four questions:

* **a** Did exactly the expected come back: which reply, to whom, with which numbers, or silence?
* **b** Is the guest healthy: no fault, no traceback on its console?
* **c** Are a following ping and a message on the other client's connection answered?
* **d** Is everything given back: buffers, connections, heap, the controller's receive ring?

```
build/venv/bin/bench cases list --layer tcp     # what there is
build/venv/bin/bench cases show {example}
build/venv/bin/bench cases run 'tcp-*'          # one case, a group of them, a pattern, --layer or --all
```

`bench cases run` writes a capture of each case and `results.json` to `reports/cases/`. The same cases run in
pytest (`packet_tests/test_catalogue.py`) and in the Robot suite `catalogue`. An id is layer, number of the
entry, what is tried, and the variant.

Where the firmware does something else than the source says, the case names what it does instead and why. That
is checked as exactly as the expectation: such a case fails when the board does anything else, the right thing
included. Of the {cases} cases {departures} are known departures; they are listed at the end.

This page is written by `bench cases list --markdown`, and a test holds it to that.
"""

TITLES = "| | Case | What is sent | What has to happen | Source | Result |"


def render(cases: Iterable[Case]) -> str:
    """The page, as Markdown."""
    listed = list(cases)
    departing = [case for case in listed if case.departure is not None]
    parts = [
        HEAD.format(
            entries=len({case.number for case in listed}),
            cases=len(listed),
            departures=len(departing),
            example=next((case.id for case in listed if case.layer == "ipv4"), listed[0].id),
        )
    ]
    for layer in LAYERS:
        of_layer = [case for case in listed if case.layer == layer]
        groups = [list(group) for _, group in groupby(of_layer, lambda case: case.group)]
        if groups:
            parts += [
                f"\n## {NAMES[layer]}\n",
                TITLES,
                "|---|---|---|---|---|---|",
            ]
            parts += [_row(group) for group in groups]
    parts += ["\n## Known departures\n"]
    for reason, group in _by_reason(departing):
        parts += [f"{reason}\n", *(_departure(case) for case in group), ""]
    return "\n".join(parts).rstrip() + "\n"


def _row(group: list[Case]) -> str:
    first = group[0]
    departing = sum(case.departure is not None for case in group)
    passing = len(group) - departing
    counts = ((passing, "pass"), (departing, "depart"))
    result = ", ".join(f"{number} {verb}" for number, verb in counts if number)
    cells = [str(first.number), f"`{first.group}`", first.title, first.expected, first.source, result]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _departure(case: Case) -> str:
    assert case.departure is not None
    expected = " or ".join(told(choice) for choice in case.expect)
    return f"* `{case.id}`: {told(case.departure.came)}; expected is {expected}"


def told(lines: Iterable[object]) -> str:
    """Lines of an expectation in one."""
    return ", then ".join(str(line) for line in lines) or "silence"


def _by_reason(cases: list[Case]) -> list[tuple[str, list[Case]]]:
    """Cases that depart for the same reason, together, in the order of the first of each."""
    reasons: dict[str, list[Case]] = {}
    for case in cases:
        assert case.departure is not None
        reasons.setdefault(case.departure.reason, []).append(case)
    return list(reasons.items())
