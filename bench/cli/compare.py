"""`bench compare`: the same stimulus on two engines or two firmwares, and where the replies differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from bench.cli.options import (
    complete_cases,
    complete_sides,
    console_beside,
    json_option,
    print_json,
    seed_option,
)

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
@click.option("--ready", default=None, help="What both firmwares print when they can be asked.")
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
    ready: str | None,
    as_json: bool,
) -> None:
    """Send the same to two boards and list where their replies differ, frame by frame.

    LEFT and RIGHT are ENGINE, ENGINE:FIRMWARE.elf or FIRMWARE.elf, for example: quark renode for two engines,
    or quark zephyr.elf for two stacks. The stimulus is an ordinary exchange and one case of each group of
    `bench cases`, or the cases named by ID. Times, IP identifiers, TCP timestamps and initial sequence
    numbers may differ.

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

    def introduce(one: str, other: str) -> None:
        console.print(Text(f"left:   {one}\nright:  {other}\n", style="bold"))

    comparisons = compare(
        Side.parse(left),
        Side.parse(right),
        stimuli,
        seed,
        tell,
        ready=ready,
        introduce=introduce,
        ignore=ignore,
    )
    different = sum(bool(one.differences) for one in comparisons)
    skipped = sum(bool(one.skipped) for one in comparisons)
    same = len(comparisons) - different - skipped
    if as_json:
        print_json(
            {
                "left": left,
                "right": right,
                "seed": seed,
                "same": same,
                "different": different,
                "skipped": skipped,
                "stimuli": [as_dict(one) for one in comparisons],
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
