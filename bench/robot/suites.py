"""The suites that there are, and those that are meant."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from emulation.errors import UserError

SUITES = Path(__file__).resolve().parent


def own_suites() -> dict[str, Path]:
    """The project's own suites by name."""
    return {path.stem: path for path in sorted(SUITES.glob("*.robot"))}


def find_suites(names: Iterable[str]) -> list[Path]:
    """The files of the suites named; all of the project's own for no name. Raises UserError."""
    own = own_suites()
    if not own:
        raise UserError(
            f"there are no suites in {SUITES}", "run from a complete checkout, or name a suite file"
        )
    paths = []
    for name in names:
        path = Path(name)
        if name in own:
            paths.append(own[name])
        elif path.is_dir() or (path.is_file() and path.suffix == ".robot"):
            paths.append(path)
        elif path.is_file():
            raise UserError(f"{name} is not a suite", "suites are folders and files ending in .robot")
        else:
            raise UserError(f"there is no suite {name!r}", f"give a path, or one of: {', '.join(own)}")
    return paths or list(own.values())


def suite_name(paths: list[Path]) -> str:
    """The title of the report."""
    return "Bench" if len(paths) > 1 else paths[0].stem.replace("_", " ").title()
