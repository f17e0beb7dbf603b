"""Options that commands share, and what completes their values in a shell."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem
from rich.console import Console

from bench.board import DEFAULT_SEED
from bench.engines import DEFAULT_ENGINE, ENGINES


def offer(names: dict[str, str], incomplete: str) -> list[CompletionItem]:
    """The names that begin like what was typed, with a word on each."""
    return [
        CompletionItem(name, help=help or None)
        for name, help in names.items()
        if name.lower().startswith(incomplete.lower())
    ]


def complete_engines(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of engines."""
    return offer(dict.fromkeys(ENGINES, ""), incomplete)


def complete_cases(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of groups of the catalogue, and of single cases once a group has been typed."""
    from bench.cases import all_cases

    cases = all_cases()
    groups = {case.group: case.title for case in cases}
    if any(incomplete.startswith(group) for group in groups):
        return offer({case.id: case.title for case in cases}, incomplete)
    return offer(groups, incomplete)


def complete_case_layers(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Layers of the catalogue."""
    from bench.cases import all_cases

    return offer(dict.fromkeys((case.layer for case in all_cases()), ""), incomplete)


def complete_suites(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The project's own suites, then files."""
    from bench.robot.suites import own_suites

    found = offer(dict.fromkeys(own_suites(), ""), incomplete)
    return found or [CompletionItem(incomplete, type="file")]


def complete_sides(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Engines, then firmware files."""
    found = complete_engines(ctx, param, incomplete)
    return found or [CompletionItem(incomplete, type="file")]


def complete_mutants(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of mutants."""
    from bench.mutants.catalogue import all_mutants

    return offer({mutant.name: mutant.wrong for mutant in all_mutants()}, incomplete)


engine_option = click.option(
    "--engine",
    default=DEFAULT_ENGINE,
    show_default=True,
    help="Engine that runs the board.",
    shell_complete=complete_engines,
)
firmware_option = click.option(
    "--firmware", type=click.Path(path_type=Path), help="ELF to run instead of the project's own."
)
seed_option = click.option(
    "--seed", type=int, default=DEFAULT_SEED, show_default=True, help="Where all randomness comes from."
)
ip_option = click.option(
    "--ip", metavar="ADDRESS[/PREFIX]", help="The board's IPv4 address. [default: 192.0.2.1/24]"
)
mac_option = click.option("--mac", help="The board's MAC address. [default: what it answers to ARP]")
spin_limit_option = click.option(
    "--spin-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Virtual seconds of computing without a halt, a frame or output that count as hung. [default: 5]",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON, and all else on standard error."
)


def console_beside(as_json: bool, **options: Any) -> Console:
    """Where people read: standard output, which with --json is for programs alone."""
    return Console(stderr=as_json, highlight=False, **options)


def print_json(value: Any) -> None:
    """The result for programs, which is JSON on a stream that lacks characters as well."""
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, indent=2, ensure_ascii=not unicode))
