"""Steps 3 to 5: what is built on this machine. How that is done, `emulation` knows; it runs in the venv."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from tools.bootstrap import project
from tools.bootstrap.process import clean_environment
from tools.bootstrap.step import command, log_file
from tools.bootstrap.terminal import StepLine


@dataclass(frozen=True)
class ModuleStep:
    """A step done by a module of the project, which also knows whether there is anything to do."""

    name: str
    current: Sequence[str]
    """Arguments for the environment's Python: exit status 0 if there is nothing to do."""
    make: Sequence[str]
    """Arguments that do it; the last line printed says what came out."""
    doing: str
    timeout: float = 1200

    def is_current(self) -> bool:
        """Whether the module says that there is nothing to do."""
        done = subprocess.run(
            [project.VENV_PYTHON, *self.current],
            cwd=project.ROOT,
            env=clean_environment(),
            capture_output=True,
            check=False,
            timeout=120,
        )
        return done.returncode == 0

    def work(self, line: StepLine) -> str:
        """Do it. Raises UserError."""
        log = log_file(self.name)
        line.note(self.doing)
        result = command(
            [project.VENV_PYTHON, *self.make], what=self.name, log=log, line=line, timeout=self.timeout
        )
        return next((text.strip() for text in reversed(result.lines) if text.strip()), "done")


SOURCES = ModuleStep(
    "firmware sources",
    current=("-m", "emulation.firmware.sources", "--check"),
    make=("-m", "emulation.firmware.sources"),
    doing="fetching MicroPython and lwIP",
)

FIRMWARE = ModuleStep(
    "firmware",
    current=("-m", "emulation.firmware.build", "--check"),
    make=("-m", "emulation.firmware.build"),
    doing="compiling",
)

MICROPYTHON = ModuleStep(
    "MicroPython for tests",
    current=("-m", "tools.micropython.build", "--check"),
    make=("-m", "tools.micropython.build"),
    doing="compiling",
)

NATIVE_CLOCK = ModuleStep(
    "emulator clock",
    current=(
        "-c",
        "from emulation.quark.blockclock import library_path; raise SystemExit(not library_path().exists())",
    ),
    make=("-c", "from emulation.quark.blockclock import build; print(build().name)"),
    doing="compiling",
)
