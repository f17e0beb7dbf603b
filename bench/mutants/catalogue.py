"""All mutants."""

from __future__ import annotations

from collections.abc import Iterable

from bench.mutants.driver import DRIVER
from bench.mutants.frames import FRAMES
from bench.mutants.handshake import HANDSHAKE
from bench.mutants.mutant import Family, Mutant
from bench.mutants.peers import PEERS
from bench.mutants.sequences import SEQUENCES
from bench.mutants.stack import STACK
from bench.mutants.zephyr_js import ZEPHYR_JS
from bench.nearest import nearest
from emulation.errors import UserError

FAMILIES: tuple[Family, ...] = (ZEPHYR_JS, HANDSHAKE, FRAMES, DRIVER, STACK, PEERS, SEQUENCES)


def all_mutants() -> list[Mutant]:
    """Every mutant, family by family."""
    return [mutant for family in FAMILIES for mutant in family.mutants]


def find_mutants(names: Iterable[str]) -> list[Mutant]:
    """The mutants of these names, each once; all for no name. Raises UserError for an unknown one."""
    known = {mutant.name: mutant for mutant in all_mutants()}
    wanted = list(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise UserError(
                f"there is no mutant {name!r}; the nearest is {nearest(name, known)!r}",
                "`bench mutants --list` has all names",
            )
    return [known[name] for name in wanted] or list(known.values())
