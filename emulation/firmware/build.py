"""Builds the firmware: board layer, lwIP, MicroPython, and the Python code frozen into flash.

`python -m emulation.firmware.build` builds build/firmware/ws_bench.elf; `--check` only says whether there is
anything to do. `bench firmware` shows the same with a table.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from emulation.errors import UserError
from emulation.files import write_whole
from emulation.firmware import overlay, places
from emulation.firmware.frozen import MANIFEST, Frozen, write_if_changed
from emulation.firmware.lock import folder_lock
from emulation.firmware.sizes import Sizes, measure
from emulation.firmware.sources import Progress, Sources, find_sources, get_sources, sha256_of, silent
from emulation.leash import leashed
from emulation.paths import FIRMWARE, build_folder
from emulation.platform import linker_regions, load_platform

HERE = Path(__file__).resolve().parent
DEFAULT_OUT = build_folder() / "firmware"
DEFAULT_APP = HERE / "app" / "main.py"
DEFAULT_WS_SERVER = overlay.DEFAULT_WS_SERVER
ELF_NAME = FIRMWARE

COMPILER_OPTIONS = ("-m32", "-march=lakemont")
TIMEOUT = 1200.0
"""Seconds after which the build is ended."""

_STAMP = "stamp.json"
LOG = "build.log"
_RULES = "rules"
_OBJECTS = ("board", "extmod", "frozen_mpy", "genhdr", "lib", "libc", "lwip", "net", "port", "py", "shared")


@dataclass(frozen=True)
class BuildResult:
    """What came out."""

    elf: Path
    sha256: str
    sizes: Sizes
    fresh: bool
    """Whether anything was built; False: it was up to date."""


@dataclass(frozen=True)
class _Plan:
    """Everything that decides what the ELF will be."""

    out: Path
    frozen: Frozen
    sources: Sources
    regions: str
    compiler: str
    overrides: Mapping[str, str]

    def rules(self) -> str:
        """Changes whenever all objects have to be compiled anew, with compiler, options and source trees.

        Also with the names of our sources: MicroPython's makefiles keep what they have collected of one that
        is gone, its qstrs for example, and it would be in the firmware still.
        """
        makefile = (HERE / "Makefile").read_bytes()
        names = [path.relative_to(HERE).as_posix() for path in _code(HERE)]
        return _digest([self.sources.identity, self.compiler, makefile, *names, *self.compiled()])

    def compiled(self) -> list[str]:
        """Names and texts of the overrides in compiled code."""
        return [
            part
            for name in sorted(self.overrides)
            if not name.startswith(overlay.WS_SERVER + "/")
            for part in (name, self.overrides[name])
        ]

    def base(self) -> str:
        """Changes whenever an input other than the frozen Python code and the overrides changes.

        The folder the clone lies in is no input: the ELF does not depend on it.
        """
        parts: list[str | bytes] = [self.sources.identity, self.regions, self.compiler, MANIFEST]
        for path in [*_code(HERE), HERE / "Makefile"]:
            parts += [path.relative_to(HERE).as_posix(), path.read_bytes()]
        return _digest(parts)

    def fingerprint(self) -> str:
        """Changes whenever any input changes."""
        parts: list[str | bytes] = [self.base()]
        for name, text in sorted(self.overrides.items()):
            parts += [name, text]
        for name, path in self.frozen.files():
            parts += [name, path.read_bytes()]
        return _digest(parts)


def _code(folder: Path) -> list[Path]:
    """What is compiled and linked, in the order of the names."""
    return sorted(path for path in folder.rglob("*") if path.suffix in {".c", ".h", ".S", ".ld"})


def _digest(parts: Iterable[str | bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little") + data)
    return digest.hexdigest()


def inputs() -> Iterator[Path]:
    """The files of this project that the firmware is made of."""
    yield from _code(HERE)
    yield HERE / "Makefile"
    for _name, path in Frozen(DEFAULT_APP, DEFAULT_WS_SERVER).files():
        yield path


def was_built(out: Path = DEFAULT_OUT) -> bool:
    """Whether a build has begun there, well ended or not."""
    return (out / _RULES).is_file()


def up_to_date(out: Path = DEFAULT_OUT) -> bool:
    """Whether `build(out)` has nothing to do."""
    sources = find_sources()
    return sources is not None and _current(_plan(out, None, None, sources, {})) is not None


def build(
    out: Path = DEFAULT_OUT,
    *,
    app: Path | None = None,
    ws_server: Path | None = None,
    overrides: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> BuildResult:
    """Build `out`/ws_bench.elf, unless nothing has changed since it was built there.

    `app` is the frozen main.py, `ws_server` the folder of the package frozen with it, `overrides` the text of
    sources that are to read differently, by the names that `overlay` explains. Raises UserError: no compiler,
    no sources to be had, code that does not compile, a firmware that does not fit.
    """
    sources = get_sources(progress=progress)
    out = out.resolve()
    plan = _plan(places.place_for(out), app, ws_server, sources, overrides or {})
    with folder_lock(plan.out, progress):
        result = _current(plan) or _build(plan, progress)
        return result if plan.out == out else _bring(result, out)


def _bring(result: BuildResult, out: Path) -> BuildResult:
    elf = out / ELF_NAME
    if not elf.is_file() or sha256_of(elf) != result.sha256:
        write_whole(elf, result.elf.read_bytes(), "check the folder's permissions")
    return replace(result, elf=elf)


def _plan(
    out: Path, app: Path | None, ws_server: Path | None, sources: Sources, overrides: Mapping[str, str]
) -> _Plan:
    frozen = Frozen((app or DEFAULT_APP).resolve(), (ws_server or DEFAULT_WS_SERVER).resolve())
    overlay.check(overrides, overlay.trees(sources, frozen.ws_server))
    regions = linker_regions(load_platform())
    return _Plan(out.resolve(), frozen, sources, regions, _compiler_version(), overrides)


def _compiler_version() -> str:
    for tool, package in (("gcc", "gcc"), ("ld", "binutils"), ("make", "make")):
        if not shutil.which(_tool(tool)):
            raise UserError(
                f"{_tool(tool)}, which builds the firmware, is missing",
                f"install it: `apt-get install {package}`, or run `make`, which does so",
            )
    words = [_tool("gcc"), "--version"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout.split("\n")[0]


def _tool(name: str) -> str:
    prefix = "" if name == "make" else os.environ.get("CROSS_COMPILE", "")
    return prefix + name


def _current(plan: _Plan) -> BuildResult | None:
    """The result of an earlier build, if it still is what a build would give."""
    elf = plan.out / ELF_NAME
    try:
        stamp = json.loads((plan.out / _STAMP).read_text())
        if stamp["fingerprint"] != plan.fingerprint() or stamp["sha256"] != sha256_of(elf):
            return None
    except (OSError, ValueError, KeyError):
        return None
    return BuildResult(elf, stamp["sha256"], measure(elf, region_table(plan.regions)), fresh=False)


def _build(plan: _Plan, progress: Progress) -> BuildResult:
    _check_compiler()
    base, fingerprint = plan.base(), plan.fingerprint()
    forget_objects(plan.out, plan.rules())
    _seed(plan, base)
    for name in (_STAMP, LOG):
        (plan.out / name).unlink(missing_ok=True)
    if (plan.out / ELF_NAME).exists():
        # Who loads the one that is there has it whole until the new one takes its place; make links anew.
        os.utime(plan.out / ELF_NAME, (0, 0))
    elf = plan.out / ELF_NAME
    try:
        _compile(plan, progress)
    except UserError:
        elf.unlink(missing_ok=True)  # it is of other sources than those that are there
        raise
    digest = sha256_of(elf)
    stamp = {"base": "" if plan.compiled() else base, "fingerprint": fingerprint, "sha256": digest}
    (plan.out / _STAMP).write_text(json.dumps(stamp))
    return BuildResult(elf, digest, measure(elf, region_table(plan.regions)), fresh=True)


def _compile(plan: _Plan, progress: Progress) -> None:
    plan.frozen.stage(plan.out / "stage", plan.overrides)
    write_if_changed(plan.out / "memory.ld", plan.regions)
    write_if_changed(plan.out / "manifest.py", MANIFEST)
    mpy_cross = get_mpy_cross(plan.sources, plan.out / LOG, progress)
    code, lwip = HERE, plan.sources.lwip
    own = overlay.below(overlay.FIRMWARE, plan.overrides)
    if own or not places.fits(HERE):
        code = overlay.lay(HERE, plan.out / "code" / overlay.FIRMWARE, own)
    if theirs := overlay.below(overlay.LWIP, plan.overrides):
        lwip = overlay.lay(lwip, plan.out / "code" / overlay.LWIP, theirs, only="src")
    progress("compiling")
    variables = {
        "MICROPYTHON_DIR": str(plan.sources.micropython),
        "LWIP_DIR": str(lwip),
        "BUILD": str(plan.out),
        "STAGE_DIR": str(plan.out / "stage"),
        "MICROPY_MPYCROSS": str(mpy_cross),
    }
    _make(plan.out / LOG, code, variables, "the firmware", progress)


def _check_compiler() -> None:
    # From and to pipes: a file could be left behind.
    words = [_tool("gcc"), *COMPILER_OPTIONS, "-S", "-x", "c", "-", "-o", "-"]
    done = subprocess.run(words, input="int probe;\n", capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            f"{_tool('gcc')} cannot compile for 32-bit x86: {(done.stderr.splitlines() or ['?'])[0]}",
            "install a gcc for x86 (Debian: gcc-i686-linux-gnu) and set CROSS_COMPILE=i686-linux-gnu-",
        )


def forget_objects(out: Path, rules: str) -> None:
    """Remove the objects in `out` unless they were made by these rules (a digest of them).

    make goes by the age of files: it would link objects of other options, compilers or source trees.
    """
    kept = out / _RULES
    if kept.exists() and kept.read_text() == rules:
        return
    for name in _OBJECTS:
        shutil.rmtree(out / name, ignore_errors=True)
    for path in out.glob("frozen_content.*"):
        path.unlink()
    kept.write_text(rules)


def _seed(plan: _Plan, base: str) -> None:
    """Start a build in a new folder from the objects of the default one: little differs.

    That makes a firmware with another server or application a matter of a second.
    """
    if plan.out == DEFAULT_OUT or (plan.out / "py").exists():
        return
    try:
        if json.loads((DEFAULT_OUT / _STAMP).read_text())["base"] != base:
            return
    except (OSError, ValueError, KeyError):
        return
    with folder_lock(DEFAULT_OUT, silent):
        # Without the rules, what a copy that was cut short has left is not used by the next build.
        (plan.out / _RULES).unlink(missing_ok=True)
        skip = shutil.ignore_patterns(
            "stage", "zephyr", "*.elf", "*.map", _STAMP, LOG, _RULES, ".lock", "frozen_*"
        )
        shutil.copytree(DEFAULT_OUT, plan.out, ignore=skip, dirs_exist_ok=True)
    # What depends on an override is older than the override: make notices.
    (plan.out / _RULES).write_text(plan.rules())
    for rules in plan.out.rglob("*.P"):
        times = rules.stat()
        rules.write_text(rules.read_text().replace(str(DEFAULT_OUT), str(plan.out)))
        os.utime(rules, ns=(times.st_atime_ns, times.st_mtime_ns))


def get_mpy_cross(sources: Sources, log: Path, progress: Progress) -> Path:
    """MicroPython's cross compiler, a program of the host; built once for a MicroPython tree.

    Raises UserError if it cannot be built.
    """
    tag = hashlib.sha256(sources.identity.encode()).hexdigest()[:12]
    folder = build_folder() / f"mpy-cross-{tag}"
    program = folder / "mpy-cross"
    with folder_lock(folder, progress):
        if not program.exists():
            progress("building mpy-cross")
            tree = sources.micropython / "mpy-cross"
            # The host's compiler, whatever the firmware's is.
            _make(log, tree, {"BUILD": str(folder), "CROSS_COMPILE": ""}, "mpy-cross", progress)
    return program


def _make(log: Path, folder: Path, variables: Mapping[str, str], what: str, progress: Progress) -> None:
    places.check((folder, *variables.values()), what)
    words = ["make", "--no-print-directory", f"-j{min(os.cpu_count() or 1, 8)}", "-C", str(folder)]
    words += [f"PYTHON={places.python()}", *(f"{name}={value}" for name, value in variables.items())]
    run_logged(words, {}, log, re.compile(r"(CC|AS|MPY|GEN|LINK) (\S+)"), what, progress)


def run_logged(
    words: Sequence[str],
    variables: Mapping[str, str],
    log: Path,
    step: re.Pattern[str],
    what: str,
    progress: Progress,
) -> None:
    """Run a part of a build and append what it says to a log.

    `variables` are added to the environment; `progress` is told each `step`: its two groups, of
    the second the name without folders. Raises UserError with the first thing that went wrong.
    """
    unwanted = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "LDFLAGS", "CPPFLAGS"}
    environment = {k: v for k, v in os.environ.items() if k not in unwanted} | {"LC_ALL": "C"}
    lines: list[str] = []
    with (
        log.open("a", encoding="utf-8", errors="replace") as file,
        leashed(words, environment | dict(variables)) as child,
    ):
        assert child.stdout is not None
        for line in child.stdout:
            file.write(line)
            lines.append(line.rstrip())
            if match := step.match(line):
                progress(f"{match[1]} {Path(match[2]).name}")
    if child.returncode:
        raise UserError(f"building {what} failed: {first_error(lines)}", f"the whole log is {log}")


def first_error(lines: list[str]) -> str:
    """The line of a build's output that tells what went wrong."""
    text = "\n".join(lines)
    frozen = re.search(
        r"^error compiling (\S+):\n(?:.*\n)*?.*line (\d+).*\n(\w*Error.*)$", text, flags=re.MULTILINE
    )
    if frozen:
        return f"{frozen[1]}, line {frozen[2]}: {frozen[3]}"
    patterns = (r"region `\w+' overflowed", r"error:|undefined reference", r"\wError:", r"\*\*\*")
    for pattern in patterns:
        for line in lines:
            if re.search(pattern, line) and not line.startswith("#"):
                return line.strip()
    return next((line for line in reversed(lines) if line.strip()), "make gave no reason")


def region_table(regions: str) -> dict[str, tuple[int, int]]:
    """Origin and length of each region in what `linker_regions` gives."""
    found = re.findall(r"^\s*(\w+)[^:\n]*:\s*ORIGIN = (\w+), LENGTH = (\w+)", regions, flags=re.MULTILINE)
    return {name: (int(origin, 0), int(length, 0)) for name, origin, length in found}


def main(arguments: list[str]) -> int:
    """`python -m emulation.firmware.build [--check]`."""
    try:
        if "--check" in arguments:
            return 0 if up_to_date() else 1
        result = build(progress=lambda text: print(text, flush=True))
    except UserError as error:
        print(f"error: {error.message}\n  what to do: {error.hint}", file=sys.stderr)
        return 2
    sizes = result.sizes
    flash = sum(bank.used for bank in sizes.banks)
    print(
        f"{flash / 1024:.0f} KiB flash, {sizes.static_ram / 1024:.1f} KiB static RAM, "
        f"{sizes.heap / 1024:.1f} KiB heap"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
