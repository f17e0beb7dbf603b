"""Source trees of which some files read differently: for builds of a firmware that is wrong on purpose.

An override names a file as `<tree>/<path>`: `firmware/net/netif.c` is the port's own, `lwip/src/core/tcp.c`
one of lwIP's, `ws_server/frames.py` one of the server's. The trees themselves are never written to: a build
with overrides goes by folders of links, in which only those files are real. Links have the age of what they
lead to, so that make compiles nothing but what depends on an override.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from emulation.errors import UserError
from emulation.firmware.sources import Sources, get_sources

FIRMWARE = "firmware"
LWIP = "lwip"
WS_SERVER = "ws_server"

HERE = Path(__file__).resolve().parent
DEFAULT_WS_SERVER = HERE.parents[1] / "ws_server"

_SUFFIXES = {".c", ".h", ".S", ".ld", ".py"}


def trees(sources: Sources, ws_server: Path = DEFAULT_WS_SERVER) -> dict[str, Path]:
    """Where the tree of each name is."""
    return {FIRMWARE: HERE, LWIP: sources.lwip, WS_SERVER: ws_server}


def read_source(name: str) -> str:
    """The text of a source as it is. Raises UserError."""
    found = trees(get_sources())
    check({name: ""}, found)
    tree, _, path = name.partition("/")
    return (found[tree] / path).read_text(encoding="utf-8")


def below(tree: str, overrides: Mapping[str, str]) -> dict[str, str]:
    """The overrides of one tree, by their paths in it."""
    start = tree + "/"
    return {name.removeprefix(start): text for name, text in overrides.items() if name.startswith(start)}


def check(overrides: Mapping[str, str], trees: Mapping[str, Path]) -> None:
    """Raises UserError for an override of a file that no tree has."""
    for name in overrides:
        tree, _, path = name.partition("/")
        if tree not in trees or Path(path).suffix not in _SUFFIXES or not (trees[tree] / path).is_file():
            raise UserError(
                f"there is no source {name} to override",
                f"name one as <tree>/<path>; the trees are: {', '.join(trees)}",
            )


def lay(tree: Path, target: Path, files: Mapping[str, str], only: str = "") -> Path:
    """Make `target` a folder of links to the files of `tree` (below `only`) with `files` real; returns it."""
    for source in _files(tree / only):
        path = target / source.relative_to(tree)
        text = files.get(source.relative_to(tree).as_posix())
        path.parent.mkdir(parents=True, exist_ok=True)
        if text is None:
            if not path.is_symlink():
                path.unlink(missing_ok=True)
                path.symlink_to(source)
        elif path.is_symlink() or not path.exists() or path.read_text(encoding="utf-8") != text:
            path.unlink(missing_ok=True)
            path.write_text(text, encoding="utf-8")
    return target


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and "tests" not in path.parts)
