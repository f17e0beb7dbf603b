"""The engines by name. An engine's code is loaded only when it is asked for."""

from __future__ import annotations

import importlib
from pathlib import Path

from emulation.errors import UserError
from emulation.machine import Machine

ENGINES = {
    "quark": ("emulation.quark.machine", "QuarkMachine"),
}
DEFAULT_ENGINE = "quark"


def create_machine(engine: str, *, platform: Path | None, seed: int) -> Machine:
    """A machine of the named engine, without firmware. Raises UserError for an unknown name."""
    if engine not in ENGINES:
        raise UserError(f"there is no engine {engine!r}", f"the engines are: {', '.join(sorted(ENGINES))}")
    module, name = ENGINES[engine]
    machine: Machine = getattr(importlib.import_module(module), name)(platform=platform, seed=seed)
    return machine
