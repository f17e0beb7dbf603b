"""A sequence of segments, and its name, which says all there is to it: a case is found by its ID alone.

sequence/established/FA@1,PA@0..E                     a FIN out of order, then data that fill the window
sequence/established/PA@E-200..E+500,PA@0..E          data beyond the window's edge, then data that fill it
sequence/queued/PA@0..100:w0:mss=1                    an MSS option on a segment that is no SYN
sequence/upgraded/PA@0..90,PA@0..90:b:20ms            the second one on another connection, 20 ms later

A segment is FLAGS@START..END and what else is to be said of it. Places are offsets from the sequence number
that the board expects next when the sequence begins; `E` is the right edge of the window that it then offers,
`H` the window's middle. END is the first byte that is not in the segment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.layers.tcpip import ACK, FIN, PSH, RST, SYN, URG
from bench.matrix.states import STATES
from emulation.errors import UserError

LAYER = "sequence"
LETTERS = {"F": FIN, "S": SYN, "R": RST, "P": PSH, "A": ACK, "U": URG}
OPTIONS: dict[str, bytes] = {
    "mss=1": bytes.fromhex("02040001"),
    "mss=0": bytes.fromhex("02040000"),
    "mss=max": bytes.fromhex("0204ffff"),
    "stamp": bytes.fromhex("0101080a0000000200000001"),
    "sack": bytes.fromhex("0101050a0000000100000002"),
    "sackok": bytes.fromhex("01010402"),
    "scale": bytes.fromhex("0103030e"),
    "length=0": bytes.fromhex("02000001"),
    "overrun": bytes.fromhex("010102ff"),
}
"""Option lists (RFC 9293, section 3.2; RFC 7323; RFC 2018), each of whole words."""
MALFORMED = ("length=0", "overrun")
"""Those that are no list of options: a receiver may do with the segment what it likes."""
WINDOWS = {"w0": 0, "w1": 1, "wmax": 0xFFFF}
WINDOW = 4096
"""Bytes that the bench offers where a segment says nothing else."""

_SEGMENT = re.compile(r"(?P<flags>[FSRPAU]*)@(?P<start>[^.:]+)(\.\.(?P<end>[^.:]+))?(?P<rest>(:[^:]+)*)")
_PLACE = re.compile(r"(?P<anchor>[EH]?)(?P<offset>[+-]?\d+)?")
_PAUSE = re.compile(r"(\d+)ms")


@dataclass(frozen=True, order=True)
class Place:
    """A sequence number: an offset in bytes from an anchor, which is RCV.NXT, the edge, or the middle."""

    offset: int = 0
    anchor: str = ""
    """Empty, `E` or `H`."""

    def at(self, window: int) -> int:
        """Its offset from RCV.NXT where the board offers `window` bytes."""
        return self.offset + {"": 0, "E": window, "H": window // 2}[self.anchor]

    def moved(self, by: int) -> Place:
        """Some bytes further on."""
        return Place(self.offset + by, self.anchor)

    def __str__(self) -> str:
        if not self.anchor:
            return str(self.offset)
        return f"{self.anchor}{self.offset:+d}" if self.offset else self.anchor

    @classmethod
    def parse(cls, text: str) -> Place:
        """From its notation. Raises ValueError."""
        found = _PLACE.fullmatch(text)
        if found is None or not text:
            raise ValueError(text)
        return cls(int(found["offset"] or 0), found["anchor"])


@dataclass(frozen=True)
class Part:
    """One segment of a sequence."""

    flags: str
    """Letters as Scapy has them: `PA`."""
    start: Place = Place()
    end: Place | None = None
    """The first place without data; None for a segment without data."""
    option: str = ""
    """A name of `OPTIONS`; empty for none."""
    window: str = ""
    """A name of `WINDOWS`; empty for `WINDOW`."""
    second: bool = False
    """Whether it belongs to the second connection."""
    acknowledges: bool = False
    """Whether it acknowledges all that the board has sent by then, not only what was there at first."""
    pause: int = 0
    """Virtual milliseconds before it; 0 for directly after the one before."""

    @property
    def bits(self) -> int:
        """The flags as in the header."""
        return sum(LETTERS[letter] for letter in self.flags)

    def span(self, window: int) -> tuple[int, int]:
        """Offsets of the data from RCV.NXT: start, and end, which is not before it."""
        start = self.start.at(window)
        return start, max(start, self.end.at(window)) if self.end is not None else start

    def __str__(self) -> str:
        text = f"{self.flags}@{self.start}"
        if self.end is not None:
            text += f"..{self.end}"
        words = [self.option, self.window, "b" if self.second else "", "k" if self.acknowledges else ""]
        words.append(f"{self.pause}ms" if self.pause else "")
        return ":".join([text, *(word for word in words if word)])

    @classmethod
    def parse(cls, text: str) -> Part:
        """From its notation. Raises ValueError."""
        found = _SEGMENT.fullmatch(text)
        if found is None or len(set(found["flags"])) != len(found["flags"]):
            raise ValueError(text)
        option = window = ""
        second = acknowledges = False
        pause = 0
        for word in found["rest"].split(":")[1:]:
            if word in OPTIONS:
                option = word
            elif word in WINDOWS:
                window = word
            elif word == "b":
                second = True
            elif word == "k":
                acknowledges = True
            elif _PAUSE.fullmatch(word):
                pause = int(word[:-2])
            else:
                raise ValueError(text)
        end = Place.parse(found["end"]) if found["end"] else None
        return cls(
            found["flags"], Place.parse(found["start"]), end, option, window, second, acknowledges, pause
        )


@dataclass(frozen=True)
class SequenceCase:
    """Segments sent one after another in one state, on one connection or two in the same state."""

    state: str
    parts: tuple[Part, ...]
    layer: str = LAYER
    ipv6: bool = False

    @property
    def id(self) -> str:
        """The name under which the case is listed, run, and filed: all there is to it."""
        return f"{self.layer}/{self.state}/{','.join(map(str, self.parts))}"

    @property
    def connections(self) -> int:
        """How many it is about: 1 or 2."""
        return 1 + any(part.second for part in self.parts)

    @classmethod
    def parse(cls, case_id: str) -> SequenceCase:
        """From its ID. Raises UserError for what is none."""
        layer, _, rest = case_id.partition("/")
        state, _, texts = rest.partition("/")
        try:
            if layer != LAYER or state not in SEQUENCE_STATES:
                raise ValueError(case_id)
            return cls(state, tuple(Part.parse(text) for text in texts.split(",")))
        except ValueError:
            raise UserError(
                f"there is no case {case_id!r}",
                f"a sequence reads {LAYER}/STATE/FA@1,PA@0..E; the states are: {', '.join(SEQUENCE_STATES)}",
            ) from None


SEQUENCE_STATES = tuple(state for state in STATES if state not in ("fragmented", "failed"))
"""Where sequences begin: the board's end of a connection is in this state."""
