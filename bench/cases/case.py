"""What a case is: where it starts, what is sent, what has to come back, and where that is written."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field

from bench.cases.steps import Step
from bench.cases.words import SILENCE, Expected

LAYERS = ("ethernet", "arp", "ipv4", "ipv6", "icmp", "tcp", "http", "websocket")
"""From the cable upwards."""
STREAM_LAYERS = ("http", "websocket")
"""Layers whose cases look at the byte stream, not at each frame."""

MAX_PAYLOAD = 4096
"""`max_payload` of the firmware's echo server, bytes."""
PORT = 8080
"""The echo server."""


class Start(enum.Enum):
    """The state of the board in which a case begins. In all of them it serves another client already."""

    LISTENING = "listening"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "established"
    """A TCP connection to the echo server on which nothing was sent yet."""
    UPGRADED = "upgraded"
    """After the opening handshake."""


WATCH = 0.4
"""Virtual seconds to look on, where a case does not say. Then comes the bench's answer to a close frame, for
which the server on the board waits half a second of its own clock: that may be 1 % fast in an engine."""


@dataclass(frozen=True)
class Departure:
    """What the firmware does instead, exactly, and why that is known and borne."""

    came: Expected
    reason: str


@dataclass(frozen=True)
class Variant:
    """One way to try a rule; see `variant`. `watch`: virtual seconds to look on after the last step."""

    name: str
    steps: tuple[Step, ...]
    expect: tuple[Expected, ...]
    start: Start | None
    ipv6: bool
    departure: Departure | None
    watch: float
    view: str | None


def variant(
    name: str,
    *steps: Step,
    expect: Expected = SILENCE,
    either: Iterable[Expected] = (),
    start: Start | None = None,
    ipv6: bool = False,
    departure: Departure | None = None,
    watch: float = WATCH,
    view: str | None = None,
) -> Variant:
    """One way to try a rule: what is sent, and what has to come back; `either` where the RFC leaves a choice.

    An empty name is for the only variant of an entry.
    """
    choices = tuple(either) or (tuple(expect),)
    return Variant(name, steps, choices, start, ipv6, departure, watch, view)


@dataclass(frozen=True)
class Case:
    """One case of the catalogue. `expect` lists the allowed reactions, most often one."""

    id: str
    number: int
    """Entry of the catalogue, 1 to 71."""
    group: str
    """The id without the variant."""
    layer: str
    title: str
    expected: str
    """What the board has to do, in one sentence."""
    source: str
    """Section of an RFC, or the CVE."""
    start: Start
    ipv6: bool
    port: int
    steps: tuple[Step, ...] = field(repr=False)
    expect: tuple[Expected, ...] = field(repr=False)
    departure: Departure | None = field(repr=False)
    watch: float = WATCH
    view: str = "wire"
    """`wire`: every frame of the board counts; `stream`: HTTP answers, WebSocket frames and the end do."""


def entry(
    layer: str,
    number: int,
    slug: str,
    title: str,
    *,
    expected: str,
    source: str,
    cases: Iterable[Variant],
    start: Start = Start.LISTENING,
    port: int = PORT,
) -> tuple[Case, ...]:
    """The cases of one entry of the catalogue; their ids are `layer-number-slug`, and the variant's name."""
    group = f"{layer}-{number:02}-{slug}"
    view = "stream" if layer in STREAM_LAYERS else "wire"
    return tuple(
        Case(
            id=f"{group}-{one.name}" if one.name else group,
            number=number,
            group=group,
            layer=layer,
            title=title,
            expected=expected,
            source=source,
            start=one.start or start,
            ipv6=one.ipv6,
            port=port,
            steps=one.steps,
            expect=one.expect,
            departure=one.departure,
            watch=one.watch,
            view=one.view or view,
        )
        for one in cases
    )
