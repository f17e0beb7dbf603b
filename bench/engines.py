"""The engines by name. An engine's code is loaded only when it is asked for."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from pathlib import Path

from emulation.errors import UserError
from emulation.machine import Machine

ENGINES = {
    "quark": ("emulation.quark.machine", "QuarkMachine"),
    "renode": ("emulation.renode.machine", "RenodeMachine"),
}
DEFAULT_ENGINE = "quark"


def load_engine(engine: str) -> Callable[..., Machine]:
    """Import the named engine; returns what makes its machines. Raises UserError for an unknown name."""
    if engine not in ENGINES:
        raise UserError(f"there is no engine {engine!r}", f"the engines are: {', '.join(sorted(ENGINES))}")
    module, name = ENGINES[engine]
    make: Callable[..., Machine] = getattr(importlib.import_module(module), name)
    return make


def full_name(engine: str) -> str:
    """The engine with the version of the program that it drives; the bare name where that is not there.

    Starts no machine, but may ask the program for its version, which takes a second.
    """
    try:
        with contextlib.closing(create_machine(engine, platform=None, seed=0)) as machine:
            return f"{engine} ({machine.description})"
    except UserError:
        return engine


def create_machine(engine: str, *, platform: Path | None, seed: int) -> Machine:
    """A machine of the named engine, without firmware. Raises UserError for an unknown name or platform."""
    return load_engine(engine)(platform=platform, seed=seed)
