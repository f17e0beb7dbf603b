"""`bench doctor`: what is there, what is missing, how to get it."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from emulation import paths
from emulation.errors import UserError

MINIMUM_PYTHON = (3, 11)
PROBE_TIMEOUT = 20.0
"""Wall seconds after which a program that is asked for its version counts as broken."""

WIDTH = 10_000
"""Columns where no terminal sets a limit."""
PROBE_PROGRAM = "int answer(int x) { return 6 * x; }\n"
PROBE_FLAGS = ("-m32", "-march=lakemont", "-ffreestanding", "-nostdinc", "-Os", "-c", "-x", "c")


@dataclass(frozen=True)
class Finding:
    """What was found out about one thing the bench uses."""

    name: str
    present: bool
    detail: str
    """Version, place, or what is wrong."""
    remedy: str = ""
    """What to do if it is not present."""
    need: str = "run"
    """`run`: nothing goes without it; `build`: only building the firmware does; `option`: good to have."""


@dataclass(frozen=True)
class Report:
    """All findings."""

    findings: list[Finding]

    @property
    def can_run(self) -> bool:
        """Whether `bench run` with the default engine and firmware can run."""
        return all(finding.present for finding in self.findings if finding.need == "run")

    def as_json(self) -> str:
        """The report for programs."""
        return json.dumps({"can_run": self.can_run, "findings": [asdict(f) for f in self.findings]}, indent=2)


def examine() -> Report:
    """Look at everything. Never raises: what cannot be found out counts as missing, with the reason."""
    return Report([_guarded(probe) for probe in PROBES])


def _guarded(probe: Callable[[], Finding]) -> Finding:
    try:
        return probe()
    except (OSError, UserError, subprocess.SubprocessError) as error:
        name = probe.__name__.strip("_").replace("_", " ")
        return Finding(name, False, f"could not be found out: {error}", "mend that and ask again")


def _output(*words: str) -> str:
    """The first line a program prints. Raises OSError or SubprocessError."""
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=PROBE_TIMEOUT,
        stdin=subprocess.DEVNULL,
    )
    return next((line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()), "")


def _short(path: Path) -> str:
    """The path as seen from the current folder, if it lies below."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


# -- what nothing goes without ---------------------------------------------------------------------------


def python() -> Finding:
    """The interpreter."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding(
        "Python",
        sys.version_info >= MINIMUM_PYTHON,
        f"{version}, {sys.executable}",
        "install Python 3.11 or newer and run `make bench PYTHON=python3.11`",
    )


def packages() -> Finding:
    """The distributions the project asks for."""
    missing = []
    found = []
    for requirement in _requirements():
        if "extra ==" in requirement:
            continue
        name = re.split(r"[<>=!~;\[ ]", requirement)[0]
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    detail = f"missing: {', '.join(missing)}" if missing else ", ".join(sorted(found, key=str.lower))
    return Finding(
        "Python packages", not missing, detail, "run `make bench`, or `pip install -r requirements.lock`"
    )


def _requirements() -> list[str]:
    """What the project depends on: from its metadata, or from its source where it is not installed."""
    try:
        return importlib.metadata.requires("zephyr-ws-bench") or []
    except importlib.metadata.PackageNotFoundError:
        text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text(encoding="utf-8")
        return list(tomllib.loads(text)["project"]["dependencies"])


def firmware() -> Finding:
    """The ELF that is tested unless another one is named."""
    from emulation.firmware.build import DEFAULT_OUT, ELF_NAME, up_to_date

    if (carried := paths.PREBUILT / ELF_NAME).is_file():
        return Finding("firmware", True, f"{carried}, which came with the package")
    elf = DEFAULT_OUT / ELF_NAME
    remedy = "run `make firmware`" if paths.IS_CHECKOUT else "run `bench firmware`"
    if not elf.is_file():
        return Finding("firmware", False, "not built yet", remedy)
    try:
        current = up_to_date()
    except UserError as error:  # without a compiler it cannot be told, and what there is can still be tested
        return Finding("firmware", True, f"{_short(elf)}; it may be out of date: {error.message}")
    if not current:
        return Finding("firmware", False, f"{_short(elf)} is older than its sources", remedy)
    return Finding("firmware", True, _short(elf))


def emulator_clock() -> Finding:
    """The compiled instruction clock of the embedded emulator."""
    from emulation.quark.blockclock import library_path

    library = library_path()
    if library.exists():
        return Finding("emulator clock", True, _short(library))
    if compiler().present:
        return Finding("emulator clock", True, "not compiled yet; the first run does so")
    return Finding(
        "emulator clock", False, "not compiled yet, and there is no compiler", "apt-get install gcc"
    )


# -- what builds the firmware ----------------------------------------------------------------------------


def compiler() -> Finding:
    """A C compiler that makes code for the board."""
    name = "32-bit x86 compiler"
    program = os.environ.get("CC") or "gcc"
    remedy = "apt-get install gcc"
    if not shutil.which(program.split()[0]):
        return Finding(name, False, f"there is no {program}", remedy, "build")
    with tempfile.TemporaryDirectory(prefix="doctor-") as folder:
        target = Path(folder) / "probe.o"
        done = subprocess.run(
            [*program.split(), *PROBE_FLAGS, "-", "-o", str(target)],
            input=PROBE_PROGRAM,
            capture_output=True,
            text=True,
            check=False,
            timeout=PROBE_TIMEOUT,
        )
        # e_ident[EI_CLASS] 1 and e_machine 3: a 32-bit object for the 80386.
        header = target.read_bytes()[:20] if done.returncode == 0 else b""
    if header[4:5] == b"\x01" and header[18:20] == b"\x03\x00":
        return Finding(name, True, _output(*program.split(), "--version"), need="build")
    reason = next((line for line in done.stderr.splitlines() if "error" in line), "it makes other code")
    return Finding(name, False, f"{program} -m32: {reason}", "use a GCC for x86, named by CC", "build")


def linker() -> Finding:
    """A linker for 32-bit x86."""
    name = "linker"
    if not shutil.which("ld"):
        return Finding(name, False, "there is no ld", "apt-get install binutils", "build")
    done = subprocess.run(["ld", "-V"], capture_output=True, text=True, check=False, timeout=PROBE_TIMEOUT)
    if "elf_i386" not in done.stdout:
        return Finding(
            name, False, "ld cannot link for elf_i386", "apt-get install binutils (for x86)", "build"
        )
    return Finding(name, True, done.stdout.splitlines()[0], need="build")


def build_tools() -> Finding:
    """What unpacks and drives the build."""
    missing = [program for program in ("make", "dpkg-source", "objcopy") if not shutil.which(program)]
    if missing:
        return Finding(
            "build tools",
            False,
            f"missing: {', '.join(missing)}",
            "apt-get install make dpkg-dev binutils",
            "build",
        )
    return Finding("build tools", True, _output("make", "--version"), need="build")


def firmware_sources() -> Finding:
    """MicroPython and lwIP."""
    from emulation.firmware.sources import find_sources

    found = find_sources()
    if found is None:
        return Finding(
            "firmware sources",
            False,
            "not fetched yet",
            "`bench firmware` fetches them; or name trees of your own with MICROPYTHON_DIR and LWIP_DIR",
            "build",
        )
    trees = f"{_short(found.micropython)}, {_short(found.lwip)}"
    return Finding("firmware sources", True, trees, need="build")


# -- what is good to have --------------------------------------------------------------------------------


def tshark() -> Finding:
    """The second opinion on captures."""
    if not shutil.which("tshark"):
        return Finding(
            "tshark",
            False,
            "compares captures with Wireshark's dissectors",
            "apt-get install tshark",
            "option",
        )
    return Finding("tshark", True, _output("tshark", "--version"), need="option")


def chromium() -> Finding:
    """A browser for the tests of the web console."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        return Finding(
            "Chromium",
            False,
            "shows the live board's web console to its tests",
            "apt-get install chromium",
            need="option",
        )
    return Finding("Chromium", True, _output(found, "--version"), need="option")


def git() -> Finding:
    """Names the revision in reports."""
    if not shutil.which("git"):
        return Finding("git", False, "names the revision in reports", "apt-get install git", "option")
    return Finding("git", True, _output("git", "--version"), need="option")


def renode() -> Finding:
    """The other engine."""
    from emulation.renode.find import find_renode

    try:
        found = find_renode()
    except UserError as error:
        return Finding(
            "Renode",
            False,
            f"runs the same suites with --engine renode; {error.message}",
            "`pip install git+https://github.com/antmicro/renode-run` and `renode-run download`, or name one "
            "with RENODE; `bench renode` checks it and says more",
            "option",
        )
    return Finding("Renode", True, f"{found.version}, {' '.join(found.command)}", need="option")


def zephyr() -> Finding:
    """A Zephyr tree, and its tools, for firmware on Zephyr's stack."""
    from emulation.zephyr.tree import find_tools, find_tree

    try:
        tree = find_tree()
        find_tools()
    except UserError as error:
        purpose = "the same firmware on Zephyr's stack, `bench firmware --stack zephyr`"
        return Finding("Zephyr tree", False, f"{purpose}; {error.message}", error.hint, "option")
    return Finding("Zephyr tree", True, f"{tree.version}, {tree.base}", need="option")


PROBES: tuple[Callable[[], Finding], ...] = (
    python,
    packages,
    firmware,
    emulator_clock,
    firmware_sources,
    compiler,
    linker,
    build_tools,
    tshark,
    chromium,
    git,
    renode,
    zephyr,
)

NEEDS = {"run": "needed", "build": "to build", "option": "optional"}


def _table(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("what")
    table.add_column("", style="dim")
    table.add_column("found, or what to do", overflow="fold")
    for finding in report.findings:
        if finding.present:
            mark, words = Text("ok", style="green"), Text(finding.detail)
        else:
            mark = Text("missing", style={"run": "bold red", "build": "yellow"}.get(finding.need, "dim"))
            words = Text(f"{finding.detail}\n→ {finding.remedy}")
        table.add_row(mark, finding.name, NEEDS[finding.need], words)
    return table


@click.command
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Show what is there, what is missing and how to get it.

    Exit status 0 if `bench run` can run, 1 if something that it needs is missing.
    """
    report = examine()
    if as_json:
        click.echo(report.as_json())
    else:
        console = Console(highlight=False)
        if not console.is_terminal:  # what reads it wants a line to be one line, a path whole
            console = Console(highlight=False, width=max(WIDTH, console.width))
        console.print(_table(report))
        console.print()
        if report.can_run:
            console.print("`bench run` can run", style="green")
        else:
            console.print("`bench run` cannot run yet: see what is missing above", style="bold red")
    raise SystemExit(0 if report.can_run else 1)
