"""The firmware's third-party sources: MicroPython and lwIP, as Debian source packages of pinned versions.

`MICROPYTHON_DIR` and `LWIP_DIR` in the environment name source trees to use instead; those are only read.
`python -m emulation.firmware.sources` fetches what is missing; `--check` only says whether anything is.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import UserError
from emulation.firmware import apt
from emulation.firmware.lock import folder_lock
from emulation.leash import leashed
from emulation.paths import build_folder

DEFAULT_FOLDER = build_folder() / "sources"
SUITE = "trixie"

Progress = Callable[[str], None]
"""Told what is being done, a few words at a time."""


def silent(_text: str) -> None:
    """A progress that nobody sees."""


@dataclass(frozen=True)
class SourcePackage:
    """A Debian source package of one version, or a tree of the user's in its place."""

    name: str
    version: str
    variable: str
    """Environment variable that names the user's tree."""
    landmark: str
    """A file that only a usable tree has."""
    wanted: str
    """What a usable tree is, in words."""
    files: Mapping[str, str]
    """SHA-256 of each file of the package."""

    @property
    def folder(self) -> str:
        """Name of the unpacked tree."""
        return f"{self.name}-{self.version}"

    @property
    def dsc(self) -> str:
        """The package's control file."""
        return next(name for name in self.files if name.endswith(".dsc"))


MICROPYTHON = SourcePackage(
    "micropython",
    "1.25.0+ds-1",
    "MICROPYTHON_DIR",
    "extmod/asyncio/core.py",
    "a MicroPython 1.25 source tree",
    {
        "micropython_1.25.0+ds-1.dsc": "8c7c406be88a6f3bc19e694eb0bbc5841112243fdf2b5a296e000d8fdc5f3c34",
        "micropython_1.25.0+ds.orig.tar.xz": (
            "7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea"
        ),
        "micropython_1.25.0+ds-1.debian.tar.xz": (
            "87cd89f7900c86b963885dabe25acf3e5348815993f1500278ad8f6464465af4"
        ),
    },
)
LWIP = SourcePackage(
    "lwip",
    "2.2.1+dfsg1-1+deb13u1",
    "LWIP_DIR",
    "src/core/ipv4/acd.c",
    "an lwIP 2.2 source tree (2.1 lacks src/core/ipv4/acd.c)",
    {
        "lwip_2.2.1+dfsg1-1+deb13u1.dsc": "07ecb7122b2882a5265c6d1413947dd9a054d5ae25150b7042885d3f3d0b5aad",
        "lwip_2.2.1+dfsg1.orig.tar.xz": "83729c274c499d3348e9fbbe043a3113f3fa8953e7efddc7c21c7fcbb1f2b7b1",
        "lwip_2.2.1+dfsg1-1+deb13u1.debian.tar.xz": (
            "faa343b3c76d69080240ae1323932b7348fa1d0042f6ad29bd286246660720a9"
        ),
    },
)
PACKAGES = (MICROPYTHON, LWIP)


@dataclass(frozen=True)
class Sources:
    """Where the source trees are."""

    micropython: Path
    lwip: Path
    identity: str
    """Changes whenever the trees may have changed: part of what a build's freshness is judged by."""


def find_sources(
    folder: Path = DEFAULT_FOLDER, environment: Mapping[str, str] = os.environ
) -> Sources | None:
    """The source trees, if both are there. Raises UserError if the user's tree is not one."""
    trees = [_tree(package, folder, environment) for package in PACKAGES]
    if any(tree is None for tree in trees):
        return None
    micropython, lwip = (tree for tree in trees if tree is not None)
    return Sources(micropython, lwip, "\n".join(_identity(p, environment) for p in PACKAGES))


def get_sources(
    folder: Path = DEFAULT_FOLDER, *, progress: Progress = silent, environment: Mapping[str, str] = os.environ
) -> Sources:
    """The source trees, fetched into `folder` where they are missing.

    Raises UserError: no apt, no dpkg-source, no network, a file that is not the pinned one, an unusable tree.
    """
    found = find_sources(folder, environment)
    if found:
        return found
    with folder_lock(folder, progress):
        missing = [p for p in PACKAGES if _tree(p, folder, environment) is None]
        archives = apt.system_archives() if missing else []
        for package in missing:
            _require_dpkg_source()
            _fetch(package, folder, archives, progress)
    found = find_sources(folder, environment)
    if found is None:
        raise UserError(f"the source trees in {folder} vanished while they were fetched", "run it again")
    return found


def _tree(package: SourcePackage, folder: Path, environment: Mapping[str, str]) -> Path | None:
    own = environment.get(package.variable)
    if own:
        tree = Path(own).expanduser().resolve()
        if not (tree / package.landmark).is_file():
            raise UserError(
                f"{package.variable} names {own}, which has no {package.landmark}",
                f"it must be {package.wanted}; without the variable the sources are fetched",
            )
        return tree
    tree = folder / package.folder
    return tree if (tree / package.landmark).is_file() else None


def _identity(package: SourcePackage, environment: Mapping[str, str]) -> str:
    own = environment.get(package.variable)
    if not own:
        return f"{package.name} {package.version}"
    tree = Path(own).expanduser().resolve()
    newest = max((f.stat().st_mtime_ns for f in tree.rglob("*.[chS]") if f.is_file()), default=0)
    return f"{package.name} {tree} {newest}"


def _require_dpkg_source() -> None:
    if not shutil.which("dpkg-source"):
        raise UserError(
            "dpkg-source, which unpacks Debian source packages, is missing",
            "install the package dpkg-dev: `apt-get install dpkg-dev`",
        )


def _fetch(package: SourcePackage, folder: Path, archives: list[apt.Archive], progress: Progress) -> None:
    downloads = folder / "downloads"
    if not _complete(package, downloads):
        progress(f"fetching {package.name} {package.version}")
        apt.download(package.name, package.version, downloads, folder / "apt", archives, SUITE)
        verify(package, downloads)
    progress(f"unpacking {package.name}")
    for left in folder.glob("unpack-*"):  # by one that was killed; the folder is locked
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="unpack-") as scratch:
        tree = Path(scratch) / package.folder
        words = ["dpkg-source", "--no-check", "-q", "-x", str(downloads / package.dsc), str(tree)]
        with leashed(words) as unpacking:
            assert unpacking.stdout is not None
            said = unpacking.stdout.read()
        if unpacking.returncode:
            reason = (said.strip().splitlines() or ["no reason given"])[-1]
            raise UserError(f"dpkg-source could not unpack {package.dsc}: {reason}", "is the disk full?")
        target = folder / package.folder
        shutil.rmtree(target, ignore_errors=True)
        tree.rename(target)


def _complete(package: SourcePackage, downloads: Path) -> bool:
    return all((downloads / n).is_file() and sha256_of(downloads / n) == d for n, d in package.files.items())


def verify(package: SourcePackage, downloads: Path) -> None:
    """Raises UserError unless every file of the package is there and is the pinned one, byte for byte."""
    for name, digest in package.files.items():
        path = downloads / name
        if not path.is_file():
            raise UserError(f"the download of {package.name} lacks {name}", "run it again")
        if sha256_of(path) != digest:
            path.unlink()
            raise UserError(
                f"{name} is not the file this firmware is built from: its SHA-256 differs",
                "the damaged file is removed: run it again; if it persists, distrust the mirror",
            )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: list[str]) -> int:
    """`python -m emulation.firmware.sources [--check]`."""
    try:
        if "--check" in arguments:
            return 0 if find_sources() else 1
        sources = get_sources(progress=lambda text: print(text, flush=True))
    except UserError as error:
        print(f"error: {error.message}\n  what to do: {error.hint}", file=sys.stderr)
        return 2
    print(f"{sources.micropython.name}, {sources.lwip.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
