"""Builds build/micropython/micropython: the Unix port with asyncio and SHA-1, and without other libraries.

`python -m tools.micropython.build` builds it, `--check` only says whether there is anything to do. It
runs after the firmware's build, whose sources and cross compiler it uses.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from emulation.errors import UserError
from emulation.firmware.sources import Sources, find_sources

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build" / "micropython"
PROGRAM = BUILD / "micropython"
STAMP = BUILD / "stamp"
NATIVE = ROOT / "emulation" / "firmware" / "port" / "modws_native.c"
"""What the tests' MicroPython shares with the firmware; see modules/ws_native."""
MANIFEST = 'include("$(MPY_DIR)/extmod/asyncio")\n'

TIMEOUT = 900.0
"""Seconds after which the build is ended."""

# What would need other people's libraries, or what the board does not have either.
OFF = (
    "MICROPY_PY_FFI",
    "MICROPY_PY_BTREE",
    "MICROPY_PY_SSL",
    "MICROPY_PY_THREAD",
    "MICROPY_VFS_FAT",
    "MICROPY_VFS_LFS1",
    "MICROPY_VFS_LFS2",
)

# SHA-1 comes from lwIP, through the same header as in the firmware; that folder also has headers of a C
# library, which must not come before the system's.
SHA1 = (
    "-DMICROPY_PY_HASHLIB_SHA1=1",
    "-DMICROPY_SSL_AXTLS=1",
    f"-idirafter {ROOT / 'emulation' / 'firmware' / 'net'}",
    f"-idirafter {ROOT / 'emulation' / 'firmware' / 'libc'}",
)


def fingerprint(sources: Sources) -> str:
    """Changes whenever an input changes."""
    digest = hashlib.sha256(sources.identity.encode())
    ours = sorted(p for p in HERE.rglob("*") if p.is_file() and p.suffix in {".py", ".c", ".h", ".mk"})
    for path in (*ours, NATIVE):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def up_to_date() -> bool:
    """Whether `build` has nothing to do."""
    sources = find_sources()
    return (
        sources is not None
        and PROGRAM.exists()
        and STAMP.exists()
        and STAMP.read_text() == fingerprint(sources)
    )


def build() -> Path:
    """Build it; what make prints goes to stdout. Raises UserError."""
    sources = find_sources()
    cross = max((ROOT / "build").glob("mpy-cross-*/mpy-cross"), key=os.path.getmtime, default=None)
    if sources is None or cross is None:
        raise UserError("the firmware has not been built yet", "run `make firmware`")
    BUILD.mkdir(parents=True, exist_ok=True)
    manifest = BUILD / "manifest.py"
    manifest.write_text(MANIFEST)
    variables = {
        "BUILD": BUILD,
        "FROZEN_MANIFEST": manifest,
        "LWIP_DIR": sources.lwip,
        "MICROPY_MPYCROSS": cross,
        # Where libraries to freeze would be looked for; none is wanted.
        "MPY_LIB_DIR": BUILD,
        "PYTHON": sys.executable,
        "USER_C_MODULES": HERE / "modules",
        "CFLAGS_EXTRA": " ".join(SHA1),
        **dict.fromkeys(OFF, 0),
    }
    words = ["make", "--no-print-directory", f"-j{os.cpu_count() or 1}"]
    words += ["-C", str(sources.micropython / "ports" / "unix")]
    words += [f"{name}={value}" for name, value in variables.items()]
    if subprocess.run(words, check=False, timeout=TIMEOUT, stdin=subprocess.DEVNULL).returncode:
        raise UserError(
            "building MicroPython for this machine failed", "see build/logs/micropython-for-tests.log"
        )
    STAMP.write_text(fingerprint(sources))
    return PROGRAM


def main(arguments: list[str]) -> int:
    """`python -m tools.micropython.build [--check]`."""
    try:
        if "--check" in arguments:
            return 0 if up_to_date() else 1
        print(build().name)
    except UserError as error:
        print(f"error: {error.message}\n  what to do: {error.hint}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
