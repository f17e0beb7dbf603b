"""`bench ladder`: a capture as a ladder diagram."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from bench.cli.options import json_option, print_json
from bench.files import write_whole
from emulation.errors import UserError

MOST = 50_000
"""Frames that are told for one picture: a minute's work. It shows the first and the last of them."""


@click.command(
    help="Draw a capture (pcap or pcapng, of any tool, also gzip'd; - is standard input) as a ladder diagram."
)
@click.argument("capture", type=click.Path(path_type=Path, allow_dash=True))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="SVG file. [default: CAPTURE.svg]")
@click.option(
    "--ends", metavar="A,B", help="Left and right end, IP or MAC addresses. [default: the busiest two]"
)
@click.option("--frames", metavar="A-B", help="Only frames of these numbers. [default: all]")
@json_option
def command(capture: Path, output: Path | None, ends: str | None, frames: str | None, as_json: bool) -> None:
    """Read, draw, and write the picture as a whole or not at all."""
    from bench.capture_file import STANDARD_INPUT
    from bench.report.capture_file import read_capture
    from bench.report.conversation import tell
    from bench.report.ends import between
    from bench.report.ladder import Ladder, svg

    if output is None and str(capture) == STANDARD_INPUT:
        raise UserError("a picture of standard input has no name", "name one with -o")
    pair: tuple[str, str] | None = None
    if ends is not None:
        left, comma, right = ends.partition(",")
        if not comma:
            raise UserError(f"{ends!r} does not name two ends", "separate them by a comma: --ends A,B")
        pair = left, right
    packets = read_capture(capture)
    found = between(packets, pair)
    others = len(packets) - len(found.frames)
    if frames is not None:
        found = found.only(*_numbers(frames))
    if len(found.frames) > MOST:
        hint = f"name some with --frames, for example --frames {found.numbers[0]}-{found.numbers[999]}"
        raise UserError(f"{len(found.frames)} frames are too many for a picture: {MOST} at most", hint)
    cut = sum(packet.missing > 0 for packet in packets)
    note = f"{others} frames of other stations are not drawn; choose ends with --ends. " if others else ""
    note += f"{cut} packets were cut when they were captured." if cut else ""
    steps = tell(found.frames, found.numbers)
    picture = svg(Ladder(found.left, found.right, steps, capture.name, None, note.strip()), document=True)
    target = output if output is not None else capture.with_suffix(".svg")
    write_whole(target, picture, "name another file with -o")
    told = f"{len(steps)} of {len(packets)} frames, {found.left} and {found.right}: {target}"
    click.echo(told, err=as_json)
    if as_json:
        print_json(
            {
                "picture": str(target),
                "left": str(found.left),
                "right": str(found.right),
                "frames": len(steps),
                "of": len(packets),
            }
        )


def _numbers(text: str) -> tuple[int, int]:
    """First and last of `A-B`, `A-` or `A`. Raises UserError."""
    found = re.fullmatch(r"(\d+)(-(\d*))?", text.strip())
    if found is None:
        raise UserError(f"{text!r} names no frames", "give their numbers in the capture: --frames 100-220")
    first = int(found[1])
    return first, first if found[2] is None else int(found[3] or sys.maxsize)
