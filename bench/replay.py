"""Send what a capture has to a board, and say whether the board does again what the capture says it did.

A capture of the bench's own can be replayed exactly if the board was as it is after a reset and a boot when
the capture began: with the same engine, firmware and seed, each frame crosses in the same cycle, and all that
the board sends is the same. What a capture cannot hold (typing, a reset or a return to a snapshot in the
middle) is noted in it, and then nothing is compared. In other captures the board, if it was one, had another
clock, other ports and other sequence numbers: there is nothing to compare.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from bench.board import Board
from bench.capture import BEGUN_LATER, NOT_REPLAYED, CapturedFrame
from bench.capture_file import StoredCapture, StoredFrame
from emulation.errors import GuestFault

QUIET = 1.0
"""Virtual seconds the board is left to run after the last frame."""
ROUNDING = 0.5e-9
"""Seconds: times in a file are rounded to a nanosecond."""
BYTE_TIME = 0.8e-6
"""Seconds a byte takes at 10 Mbit/s (IEEE 802.3, clause 14)."""
WORTH_TELLING = 60.0
"""Virtual seconds that are told before they are waited out."""
PREAMBLE, FCS, MINIMUM, GAP = 8, 4, 60, 12
"""Bytes, or times of a byte."""
QUEUED = 70e-9
"""Seconds: a frame that begins no later after the gap behind the one before has waited for that on the cable,
and does so again. An engine's times are whole cycles, and a busy CPU does not stop at each of them."""
LONGEST_GAP, LONGEST_OWN_GAP = 10.0, 3600.0
"""Virtual seconds between two frames that are waited out: of other tools' captures, of our own."""

ORIGIN = re.compile(r"\bengine (\w+), seed (-?\d+), firmware ([0-9a-f]{16})\b")
"""`Board.origin`, in the comment of a capture."""
SEED = re.compile(r"\bseed (-?\d+)\b")


def duration(frame: StoredFrame) -> float:
    """Seconds that a frame takes on the cable."""
    size = max(len(frame.data), MINIMUM) if frame.pad else len(frame.data)
    return (PREAMBLE + size + FCS) * BYTE_TIME


def replay(
    board: Board,
    frames: Sequence[StoredFrame],
    tell: Callable[[str], None],
    *,
    own: bool,
    answered: bool,
    pad: bool = True,
) -> tuple[GuestFault | None, bool]:
    """Send the frames; `own` at their times, others with their distances from now on.

    `answered`: the capture also holds the bench host's answers to ARP and Neighbor Discovery, so that from
    its first frame on it gives none of its own. Longer gaps than a board is to wait are shortened and told.
    Returns the fault that ended it, if one did, and whether all times were kept.
    """
    limit = LONGEST_OWN_GAP if own else LONGEST_GAP
    shift = 0.0 if own else board.clock.now - frames[0].time + duration(frames[0])
    kept = True
    before, free = board.clock.now, float("-inf")
    try:
        for number, frame in enumerate(frames, 1):
            begin = frame.time - duration(frame)
            gap = begin + shift - before
            if gap > limit:
                kept = False
                shift -= gap - limit
                tell(f"a gap of {gap:,.0f} s before frame {number} is shortened to {limit:g} s")
            elif gap > WORTH_TELLING:
                tell(f"the board runs for {gap:,.0f} virtual seconds before frame {number}")
            if begin > free + QUEUED:
                # Waiting must not end a cycle later for rounding.
                board.run(max(0.0, begin + shift - ROUNDING - board.clock.now))
            free = frame.time + GAP * BYTE_TIME
            board.wire.neighbour.enabled = not answered
            board.wire.send(frame.data, fcs=frame.fcs, pad=pad and frame.pad)
            before = max(begin + shift, board.clock.now)
        board.run(QUIET)
    except GuestFault as fault:
        return fault, kept
    finally:
        board.wire.neighbour.enabled = True
    return None, kept


def incomparable(capture: StoredCapture, board: Board) -> str:
    """Why the board cannot be expected to do again what it did in a capture; empty if it can."""
    if not capture.own:
        return "this is no capture of the bench, and the board had another clock and other numbers then"
    told = ORIGIN.findall(capture.comment) or [("", "", "")]
    seeds = [told[-1][1]] if told[-1][1] else SEED.findall(capture.comment)
    origin = {"engine": told[-1][0], "seed": "".join(seeds[-1:]), "firmware": told[-1][2]}
    for what, now in (("engine", board.engine), ("seed", str(board.seed)), ("firmware", board.digest)):
        if origin[what] and now and origin[what] != now:
            return f"it was captured with {what} {origin[what]}, and this is {now}; choose it with --{what}"
    if BEGUN_LATER in capture.comment:
        return f"it {BEGUN_LATER}"
    latest = 0.0
    for frame in capture.frames:
        for event in NOT_REPLAYED:
            if event in frame.comment:
                return f"{event} (frame {frame.number}), which a capture does not hold"
        if frame.time < latest:
            return f"the board's time went back before frame {frame.number}: it was reset or set back"
        latest = frame.time
    return ""


def compare(
    recorded: Sequence[StoredFrame], received: Iterable[CapturedFrame], begin: float
) -> tuple[bool, str]:
    """Whether the board has sent what the capture says it did, which begins at `begin`; and that in words."""
    sent = [
        frame for frame in received if frame.direction == "from-board" and frame.time > begin - 2 * ROUNDING
    ]
    for index, (then, now) in enumerate(zip(recorded, sent, strict=False), 1):
        if then.data != now.data:
            return False, f"the board's frame {index} is another than in the capture"
        if abs(then.time - now.time) > 2 * ROUNDING:
            late = (now.time - then.time) * 1e6
            return False, f"the board's frame {index} is that of the capture, but comes {late:+.3f} µs later"
    if len(sent) < len(recorded):
        return False, f"the board has sent only {len(sent)} of the {len(recorded)} frames in the capture"
    return True, f"the board has sent the {len(recorded)} frames that it sent in the capture"
