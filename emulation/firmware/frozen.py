"""The Python code that is frozen into flash, whatever network stack is below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import UserError
from emulation.firmware import no_floats

MANIFEST = """\
package(
    "asyncio",
    ("__init__.py", "core.py", "event.py", "funcs.py", "lock.py", "stream.py"),
    base_path="$(MPY_DIR)/extmod",
)
package("ws_server", base_path="$(STAGE_DIR)")
module("main.py", base_path="$(STAGE_DIR)")
"""
"""What is frozen into flash, as makemanifest.py reads it; with line numbers, for tracebacks."""

_NOT_FROZEN = {"tests", "__pycache__"}
_HOST_ONLY = {"__main__.py"}


@dataclass(frozen=True)
class Frozen:
    """The application's main.py, and the folder of the ws_server package frozen with it.

    Raises UserError if one of them is not there.
    """

    app: Path
    ws_server: Path

    def __post_init__(self) -> None:
        if not self.app.is_file():
            raise UserError(
                f"there is no application at {self.app}", "give the main.py to freeze into the firmware"
            )
        if not (self.ws_server / "__init__.py").is_file():
            raise UserError(f"{self.ws_server} is not the ws_server package", "it lacks an __init__.py")

    def files(self) -> Iterator[tuple[str, Path]]:
        """Names below the staging folder and the files they come from."""
        yield "main.py", self.app
        for path in sorted(self.ws_server.rglob("*.py")):
            relative = path.relative_to(self.ws_server)
            if not _NOT_FROZEN.intersection(relative.parts) and path.name not in _HOST_ONLY:
                yield f"ws_server/{relative.as_posix()}", path

    def stage(self, folder: Path, overrides: Mapping[str, str]) -> None:
        """Copy what is to be frozen below one folder, so that neither tests nor host-only modules get in.

        Raises UserError for a number that the board cannot have.
        """
        wanted = dict(self.files())
        other = {name: text for name, text in overrides.items() if name in wanted}
        for path in sorted(folder.rglob("*.py")) if folder.exists() else ():
            if path.relative_to(folder).as_posix() not in wanted:
                path.unlink()
        for name, source in wanted.items():
            text = other[name] if name in other else source.read_text(encoding="utf-8")
            no_floats.refuse(text, source)
            write_if_changed(folder / name, text)


def write_if_changed(path: Path, text: str) -> None:
    """Keep the modification time of what stays the same: make goes by it."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
