"""`bench compare`: the same stimulus on two engines or two firmwares, and where the replies differ."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from bench.addresses import station_at
from bench.cli.options import (
    chosen_target,
    complete_cases,
    complete_sides,
    console_beside,
    ip_option,
    json_option,
    mac_option,
    platform_option,
    print_json,
    ready_option,
    seed_option,
    spin_limit_option,
)
from bench.engines import load_engine

if TYPE_CHECKING:
    from bench.compare import Comparison

EXIT_DIFFERENT = 1
SHOWN = 8
"""Differences listed of one stimulus: one tells most, and the next often follow from it."""


@click.command
@click.argument("left", shell_complete=complete_sides)
@click.argument("right", shell_complete=complete_sides)
@click.argument("patterns", nargs=-1, metavar="[ID...]", shell_complete=complete_cases)
@click.option("--all", "everything", is_flag=True, help="Every case of the catalogue, not one of each group.")
@seed_option
@click.option(
    "--ignore",
    multiple=True,
    metavar="FIELD",
    help="What may differ: a field, for example IP.ttl, or `acks` without data.",
)
@platform_option
@ready_option
@ip_option
@mac_option
@spin_limit_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    left: str,
    right: str,
    patterns: tuple[str, ...],
    everything: bool,
    seed: int,
    ignore: tuple[str, ...],
    platform: Path | None,
    ready: str | None,
    ip: str | None,
    mac: str | None,
    spin_limit: float | None,
    as_json: bool,
) -> None:
    """Send the same to two boards and list where their replies differ, frame by frame.

    LEFT and RIGHT are ENGINE, ENGINE:FIRMWARE.elf or FIRMWARE.elf, for example: quark renode for two engines,
    or quark zephyr.elf for two stacks. ENGINE alone runs the bench's own firmware, in a project its
    application. The stimulus is an ordinary exchange and one case of each group of `bench cases`, or the
    cases named by ID. Times, IP identifiers, TCP timestamps and initial sequence numbers may differ.

    Exit status 0 if all that was compared is the same, 1 if something differs.
    """
    from bench.cases import Case, all_cases, find
    from bench.compare import EXCHANGE, Side, check_fields, compare

    check_fields(ignore)
    groups = {case.group: case for case in reversed(all_cases())}
    stimuli: list[Case | str] = [EXCHANGE]
    if patterns:
        named = [pattern for pattern in patterns if pattern != EXCHANGE]
        stimuli = ([EXCHANGE] if EXCHANGE in patterns else []) + (list(find(named)) if named else [])
    else:
        stimuli += all_cases() if everything else reversed(groups.values())
    console = console_beside(as_json, soft_wrap=True)
    sides = [Side.parse(left), Side.parse(right)]
    for side in sides:
        load_engine(side.engine)
    station = station_at(ip, mac)
    targets = [chosen_target(console, side.firmware) for side in sides]
    one, other = (
        replace(side, firmware=target.firmware, application=target.application)
        for side, target in zip(sides, targets, strict=True)
    )

    def tell(comparison: Comparison) -> None:
        if comparison.skipped:
            console.print(Text(f"not compared  {comparison.name}: {comparison.skipped}", style="yellow"))
        elif comparison.differences:
            console.print(Text(f"different     {comparison.name}", style="red"))
            for difference in comparison.differences[:SHOWN]:
                console.print(Text(f"    {difference}"))
            if comparison.differences[SHOWN:]:
                console.print(Text(f"    and {len(comparison.differences) - SHOWN} more"))
        else:
            console.print(
                Text(f"same          {comparison.name} ({comparison.frames} replies)", style="green")
            )

    def introduce(here: str, there: str) -> None:
        console.print(Text(f"left:   {here}\nright:  {there}\n", style="bold"))

    comparisons = compare(
        one,
        other,
        stimuli,
        seed,
        tell,
        ready=ready,
        board_options={"platform": platform, "station": station, "spin_limit": spin_limit},
        introduce=introduce,
        ignore=ignore,
    )
    different = sum(bool(each.differences) for each in comparisons)
    skipped = sum(bool(each.skipped) for each in comparisons)
    same = len(comparisons) - different - skipped
    if as_json:
        print_json(
            {
                "left": left,
                "right": right,
                "firmwares": [target.as_dict() for target in targets],
                "seed": seed,
                "same": same,
                "different": different,
                "skipped": skipped,
                "stimuli": [as_dict(each) for each in comparisons],
            }
        )
    console.print(Text(f"\n{same} the same, {different} different, {skipped} not compared", style="bold"))
    ctx.exit(EXIT_DIFFERENT if different else 0)


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """What came of one stimulus, for programs."""
    verdict = "skipped" if comparison.skipped else "different" if comparison.differences else "same"
    return {
        "name": comparison.name,
        "verdict": verdict,
        "replies": comparison.frames,
        "reason": comparison.skipped,
        "differences": [str(difference) for difference in comparison.differences],
    }
