"""`bench --version`: everything that a figure or a failure may depend on."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterator

import click

from emulation.errors import UserError
from emulation.paths import PROGRAM, default_firmware


def print_version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    """Print the versions and end, if that is what was asked for."""
    if not wanted or ctx.resilient_parsing:
        return
    click.echo(f"bench, version {importlib.metadata.version(PROGRAM)}")
    for name, what in versions():
        click.echo(f"  {name + ':':<10}{what}")
    ctx.exit()


def versions() -> Iterator[tuple[str, str]]:
    """What the bench runs on and with."""
    from emulation.firmware.sources import sha256_of
    from emulation.renode.find import find_renode

    yield "Python", platform.python_version()
    for label, package in (("Robot", "robotframework"), ("Scapy", "scapy")):
        yield label, importlib.metadata.version(package)
    yield "quark", f"embedded emulator, Unicorn {importlib.metadata.version('unicorn')}"
    try:
        yield "renode", find_renode().version
    except UserError:
        yield "renode", "not found"
    elf = default_firmware()
    yield "firmware", f"{elf.name}, SHA-256 {sha256_of(elf)}" if elf.is_file() else "not built yet"
