"""Builds the firmware on Zephyr's network stack, as an application of the user's Zephyr 1.14 tree.

`bench firmware --stack zephyr` shows it with a table.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

from emulation.firmware.build import (
    DEFAULT_APP,
    DEFAULT_WS_SERVER,
    ELF_NAME,
    BuildResult,
    get_mpy_cross,
    region_table,
    run_logged,
)
from emulation.firmware.frozen import MANIFEST, Frozen, write_if_changed
from emulation.firmware.lock import folder_lock
from emulation.firmware.sizes import measure
from emulation.firmware.sources import Progress, get_sources, sha256_of, silent
from emulation.paths import build_folder
from emulation.platform import linker_regions, load_platform
from emulation.zephyr.tree import Tools, Tree, find_tools, find_tree

HERE = Path(__file__).resolve().parent
PYTHON = HERE / "python"
"""On the module path of Zephyr's scripts."""
DEFAULT_OUT = build_folder() / "firmware" / "zephyr"

_CONFIGURED = "configured.json"
_LOG = "build.log"

REPRODUCIBLE = {
    "MICROPY_GIT_TAG": "v1.25.0",
    "MICROPY_GIT_HASH": "release",
    "SOURCE_DATE_EPOCH": "1744675200",
}
"""Nothing of the machine, the folder or the day may reach the ELF."""


def build(
    out: Path = DEFAULT_OUT,
    *,
    app: Path | None = None,
    ws_server: Path | None = None,
    progress: Progress = silent,
) -> BuildResult:
    """Build `out`/ws_bench.elf; what has not changed since it was built there is not built again.

    `app` is the frozen main.py, `ws_server` the folder of the package frozen with it. Raises UserError: no
    Zephyr 1.14, a tool that is missing, code that does not compile, a firmware that does not fit.
    """
    tree, tools = find_tree(), find_tools()
    frozen = Frozen((app or DEFAULT_APP).resolve(), (ws_server or DEFAULT_WS_SERVER).resolve())
    sources = get_sources(progress=progress)
    out = out.resolve()
    with folder_lock(out, progress):
        log = out / _LOG
        log.unlink(missing_ok=True)
        regions = linker_regions(load_platform())
        frozen.stage(out / "stage", {})
        write_if_changed(out / "memory.ld", regions)
        write_if_changed(out / "manifest.py", MANIFEST)
        write_if_changed(
            out / "no-micropython-lib" / "README.md", "MicroPython's build asks for this file.\n"
        )
        variables = _variables(tree) | {"MICROPY_MPYCROSS": str(get_mpy_cross(sources, log, progress))}
        objects = out / "zephyr"
        _configure(objects, out, tree, tools, sources.micropython, variables, progress)
        step = re.compile(r"\[(\d+/\d+)\] .*?(\S+)$")
        run_logged(["ninja", "-C", str(objects)], variables, log, step, "the firmware on Zephyr", progress)
        elf, built = out / ELF_NAME, objects / "zephyr" / "zephyr.elf"
        digest = sha256_of(built)
        fresh = not elf.is_file() or sha256_of(elf) != digest
        if fresh:
            shutil.copyfile(built, elf)
    return BuildResult(elf, digest, measure(elf, region_table(regions)), fresh)


def _variables(tree: Tree) -> dict[str, str]:
    """What Zephyr's and MicroPython's build scripts take from the environment."""
    variant = os.environ.get("ZEPHYR_TOOLCHAIN_VARIANT", "host")
    return {
        "ZEPHYR_BASE": str(tree.base),
        "ZEPHYR_TOOLCHAIN_VARIANT": variant,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PYTHON), os.environ.get("PYTHONPATH")])),
        **REPRODUCIBLE,
    }


def _configure(
    objects: Path,
    out: Path,
    tree: Tree,
    tools: Tools,
    micropython: Path,
    variables: dict[str, str],
    progress: Progress,
) -> None:
    """Run cmake, unless it has run with the same. Anew, since its cache would keep what was found before."""
    options = {
        "BOARD": "arduino_101",
        "MICROPY_DIR": str(micropython),
        "STAGE_DIR": str(out / "stage"),
        "MEMORY_DIR": str(out),
        "PYTHON_EXECUTABLE": str(tools.python),
        "Python3_EXECUTABLE": str(tools.python),
        "USER_CACHE_DIR": str(out / "cache"),
    }
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(HERE.glob("*"))
        if path.is_file()
    }
    stamp = json.dumps(
        [tree.version, options, variables, {k: v for k, v in files.items() if not k.endswith(".py")}]
    )
    kept = out / _CONFIGURED
    if kept.is_file() and kept.read_text(encoding="utf-8") == stamp and (objects / "build.ninja").is_file():
        return
    kept.unlink(missing_ok=True)
    shutil.rmtree(objects, ignore_errors=True)
    (out / "cache").mkdir(exist_ok=True)
    progress("configuring Zephyr")
    words = ["cmake", "-GNinja", "-Wno-dev", *(f"-D{name}={value}" for name, value in options.items())]
    words += ["-B", str(objects), "-S", str(HERE)]
    run_logged(words, variables, out / _LOG, re.compile(r"(--) (\S.*)"), "the firmware on Zephyr", progress)
    kept.write_text(stamp, encoding="utf-8")
