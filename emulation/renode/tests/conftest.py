"""A Renode that fails as told."""

from __future__ import annotations

import shlex
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

FAKE = Path(__file__).with_name("fake_renode.py")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`fake("hang at run")` makes the fake the Renode of this machine, with that trap."""
    monkeypatch.setenv("RENODE", shlex.join([sys.executable, str(FAKE)]))

    def choose(trap: str = "", version: str = "Renode, version 1.16.0.1 (0-0)") -> None:
        monkeypatch.setenv("FAKE_RENODE", trap)
        monkeypatch.setenv("FAKE_VERSION", version)

    choose()
    return choose


@pytest.fixture
def elf(tmp_path: Path) -> Path:
    """The smallest firmware: one segment that holds a HLT."""
    identity = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    header = struct.pack("<16sHHIIIIIHHHHHH", identity, 2, 3, 1, 0x40000000, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 84, 0x40000000, 0x40000000, 1, 1, 5, 1)
    path = tmp_path / "firmware.elf"
    path.write_bytes(header + segment + b"\xf4")
    return path
