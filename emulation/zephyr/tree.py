"""The user's Zephyr tree and the tools that build with it: whether they will do, and what to do if not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import UserError

VARIABLE = "ZEPHYR_BASE"
LTS = (1, 14)
"""The last release line with long-term support that has the board."""

HOW_TO_GET = (
    "take any release v1.14.x of Zephyr's repository (github.com/zephyrproject-rtos/zephyr), unpack it "
    f"anywhere and name its folder with {VARIABLE}"
)

PARTS = {
    "cmake/app/boilerplate.cmake": "its build system",
    "boards/x86/arduino_101/arduino_101.dts": "the board",
    "ext/hal/qmsi/CMakeLists.txt": "the chip's drivers",
    "subsys/net/ip/tcp.c": "the network stack",
    "ext/lib/crypto/mbedtls/library/sha1.c": "mbedTLS",
}
"""Files of a tree that the firmware is built from, and what they stand for."""

CMAKE = (3, 13, 1)
PROBE_TIMEOUT = 30.0
"""Wall seconds after which a program that is asked something counts as broken."""

MODULES = {"yaml": "PyYAML", "elftools": "pyelftools", "distutils": "setuptools"}
"""Python modules that Zephyr's build scripts import, and the distributions they come with."""


@dataclass(frozen=True)
class Tree:
    """A Zephyr tree that has the board."""

    base: Path
    version: str
    """As its VERSION file says: `1.14.3`."""


@dataclass(frozen=True)
class Tools:
    """What builds with a tree, besides the compiler."""

    python: Path
    """An interpreter that has what Zephyr's scripts import."""


@dataclass(frozen=True)
class Missing:
    """A tool that is not there, or no use."""

    what: str
    package: str
    """The Debian package that has it."""


def find_tree(environment: Mapping[str, str] = os.environ) -> Tree:
    """The tree that ZEPHYR_BASE names. Raises UserError: none, another version, an incomplete one."""
    named = environment.get(VARIABLE)
    if not named:
        raise UserError(f"{VARIABLE} is not set: it names the Zephyr 1.14 tree to build with", HOW_TO_GET)
    base = Path(named).expanduser().resolve()
    try:
        text = (base / "VERSION").read_text(encoding="utf-8", errors="replace")
    except OSError:
        raise UserError(
            f"{VARIABLE} names {named}, which is no Zephyr tree: no VERSION file", HOW_TO_GET
        ) from None
    numbers = dict(re.findall(r"^(VERSION_MAJOR|VERSION_MINOR|PATCHLEVEL)\s*=\s*(\d+)", text, re.MULTILINE))
    version = ".".join(numbers.get(key, "?") for key in ("VERSION_MAJOR", "VERSION_MINOR", "PATCHLEVEL"))
    if not version.startswith(".".join(map(str, LTS)) + "."):
        raise UserError(
            f"{VARIABLE} names {named}, which is Zephyr {version}: it must be a 1.14, the last "
            "long-term release that has the board",
            HOW_TO_GET,
        )
    for part, what in PARTS.items():
        if not (base / part).is_file():
            raise UserError(f"the Zephyr tree {named} is not complete: {what} is missing, {part}", HOW_TO_GET)
    return Tree(base, version)


def find_tools(environment: Mapping[str, str] = os.environ) -> Tools:
    """What builds with a tree. Raises UserError that names everything that is missing."""
    missing = [found for probe in PROBES if (found := probe(environment))]
    python = _python(environment)
    hints = []
    if missing:
        hints.append("apt-get install " + " ".join(dict.fromkeys(tool.package for tool in missing)))
    if python is None:
        lacks = [name for name in MODULES if not _imports(sys.executable, name)]
        missing.append(Missing(f"the Python modules {', '.join(lacks)}", ""))
        hints.append(f"{sys.executable} -m pip install {' '.join(MODULES[name] for name in lacks)}")
    if missing:
        names = ", ".join(tool.what for tool in missing)
        raise UserError(f"Zephyr's build needs what is missing here: {names}", "; ".join(hints))
    assert python is not None
    return Tools(python)


def _cmake(environment: Mapping[str, str]) -> Missing | None:
    program = _which("cmake", environment)
    number = ".".join(map(str, CMAKE))
    if program is None:
        return Missing(f"cmake (from {number})", "cmake")
    said = re.search(r"(\d+)\.(\d+)\.(\d+)", _output(program, "--version"))
    if said is None or tuple(map(int, said.groups())) < CMAKE:
        return Missing(f"cmake from {number} (this one is {said[0] if said else 'broken'})", "cmake")
    return None


def _ninja(environment: Mapping[str, str]) -> Missing | None:
    return None if _which("ninja", environment) else Missing("ninja", "ninja-build")


def _dtc(environment: Mapping[str, str]) -> Missing | None:
    return None if _which("dtc", environment) else Missing("dtc", "device-tree-compiler")


def _compiler(environment: Mapping[str, str]) -> Missing | None:
    """The host's gcc, if that is to be used: Zephyr links with its 32-bit libgcc."""
    if environment.get("ZEPHYR_TOOLCHAIN_VARIANT", "host") != "host":
        return None
    program = _which("gcc", environment)
    if program is None:
        return Missing("gcc", "gcc gcc-multilib")
    library = _output(program, "-m32", "--print-libgcc-file-name")
    if not Path(library).is_absolute() or not Path(library).is_file():
        return Missing("gcc's 32-bit libgcc", "gcc-multilib")
    return None


PROBES: tuple[Callable[[Mapping[str, str]], Missing | None], ...] = (_cmake, _ninja, _dtc, _compiler)


def _python(environment: Mapping[str, str]) -> Path | None:
    """Our own interpreter, or else the system's, if one of them has every module."""
    for program in (sys.executable, _which("python3", environment)):
        if program and all(_imports(program, name) for name in MODULES):
            return Path(program)
    return None


def _imports(program: str, module: str) -> bool:
    done = subprocess.run(
        [program, "-c", f"import {module}"], capture_output=True, check=False, timeout=PROBE_TIMEOUT
    )
    return done.returncode == 0


def _which(name: str, environment: Mapping[str, str]) -> str | None:
    return shutil.which(name, path=environment.get("PATH", ""))


def _output(*words: str) -> str:
    """The first line a program prints; nothing if it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=PROBE_TIMEOUT)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.partition("\n")[0].strip()
