"""`bench ladder`: a capture as a ladder diagram."""

from __future__ import annotations

from pathlib import Path

import click

from bench.files import write_whole
from emulation.errors import UserError


@click.command(help="Draw a capture (pcap or pcapng, of any tool) as a ladder diagram.")
@click.argument("capture", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="SVG file. [default: CAPTURE.svg]")
@click.option(
    "--ends", metavar="A,B", help="Left and right end, IP or MAC addresses. [default: the busiest two]"
)
def command(capture: Path, output: Path | None, ends: str | None) -> None:
    """Read, draw, and write the picture as a whole or not at all."""
    from bench.report.capture_file import read_capture
    from bench.report.conversation import tell
    from bench.report.ends import between
    from bench.report.ladder import Ladder, svg

    pair: tuple[str, str] | None = None
    if ends is not None:
        left, comma, right = ends.partition(",")
        if not comma:
            raise UserError(f"{ends!r} does not name two ends", "separate them by a comma: --ends A,B")
        pair = left, right
    packets = read_capture(capture)
    found = between(packets, pair)
    others = len(packets) - len(found.frames)
    note = f"{others} frames of other stations are not drawn; choose ends with --ends." if others else ""
    steps = tell(found.frames, found.numbers)
    picture = svg(Ladder(found.left, found.right, steps, capture.name, None, note), document=True)
    target = output if output is not None else capture.with_suffix(".svg")
    write_whole(target, picture, "name another file with -o")
    click.echo(f"{len(steps)} of {len(packets)} frames, {found.left} and {found.right}: {target}")
