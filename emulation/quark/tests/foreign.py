"""A firmware that shares no line with the project's: C in the manner of Zephyr's drivers, compiled by tests.

    board.boot(firmware=foreign_elf())

It answers ARP, ping, and UDP and TCP echo on port 4242 at 192.0.2.1 (02:00:00:00:00:28), with
interrupt-driven SPI, a periodic tick, nested interrupts and the console in programmable THRE mode; see
`programs/`.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from pathlib import Path

from emulation.quark.tests.guest import CACHE

PROGRAMS = Path(__file__).parent / "programs"
SOURCES = ("start.S", "board.c", "spi.c", "enc28j60.c", "echo.c")
FLAGS = (
    "-m32", "-march=i586", "-mno-80387", "-Os", "-g", "-Wall", "-Wextra", "-Werror", "-std=gnu11",
    "-ffreestanding", "-fno-pic", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
    "-fcf-protection=none",
    "-nostdlib", "-static", "-no-pie", "-Wl,--build-id=none", "-Wl,-N", "-Wl,--no-warn-rwx-segments",
    "-Wl,-Ttext=0x40000000", "-Wl,-Tbss=0xA8000000", "-Wl,-z,noexecstack",
)  # fmt: skip


def foreign_elf(*definitions: str) -> Path:
    """The ELF, compiled if that has not been done; `definitions` as in `IP=0x0A000007u`."""
    sources = [PROGRAMS / name for name in (*SOURCES, "board.h")]
    flags = [*FLAGS, *(f"-D{definition}" for definition in definitions)]
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources) + repr(flags).encode())
    target = CACHE / f"foreign-{key.hexdigest()[:16]}.elf"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            elf = Path(folder) / "foreign.elf"
            subprocess.run(["gcc", *flags, *map(str, sources[:-1]), "-o", str(elf)], check=True)
            elf.replace(target)
    return target
