from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from emulation.errors import UserError
from emulation.firmware.build import BuildResult
from emulation.platform import linker_regions, load_platform
from emulation.zephyr import build as zephyr
from emulation.zephyr.build import build


def test_without_a_tree_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZEPHYR_BASE", raising=False)
    with pytest.raises(UserError, match="ZEPHYR_BASE is not set"):
        build(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_zephyrs_scripts_leave_devices_where_they_are(tmp_path: Path) -> None:
    """Run by root, Zephyr 1.14's kconfig.py replaces /dev/null by a file; a pipe stands for it here."""
    os.mkfifo(tmp_path / "device")
    (tmp_path / "file").touch()
    script = "import os, sys; os.rename(sys.argv[1], sys.argv[2])"
    environment = os.environ | {"PYTHONPATH": str(zephyr.PYTHON)}
    moved = {
        name: subprocess.run(
            [sys.executable, "-c", script, tmp_path / name, tmp_path / f"{name}.old"],
            env=environment,
            capture_output=True,
            check=False,
        ).returncode
        for name in ("device", "file")
    }
    assert moved == {"device": 1, "file": 0}
    assert (tmp_path / "device").is_fifo()
    assert (tmp_path / "file.old").is_file()


def test_an_unchanged_build_is_the_same(zephyr_firmware: BuildResult) -> None:
    again = build()
    assert not again.fresh
    assert again.sha256 == zephyr_firmware.sha256


def test_it_lies_in_the_board_s_memory_and_leaves_the_page_between_the_banks_alone(
    zephyr_firmware: BuildResult,
) -> None:
    regions = re.findall(r"(\w+) \(\w+\) : ORIGIN = (\w+), LENGTH = (\w+)", linker_regions(load_platform()))
    allowed = [
        (int(o, 0), int(o, 0) + int(n, 0))
        for name, o, n in regions
        if name in ("flash", "flash2", "sram", "rom")
    ]
    with zephyr_firmware.elf.open("rb") as file:
        segments = [s.header for s in ELFFile(file).iter_segments("PT_LOAD")]
    for segment in segments:
        for address, size in (segment.p_paddr, segment.p_filesz), (segment.p_vaddr, segment.p_memsz):
            assert any(low <= address and address + size <= high for low, high in allowed), hex(address)


def test_the_interpreter_gets_40_kib(zephyr_firmware: BuildResult) -> None:
    assert zephyr_firmware.sizes.heap >= 40 * 1024
    assert zephyr_firmware.sizes.sram == 80 * 1024


def test_no_name_of_this_machine_is_in_it(zephyr_firmware: BuildResult) -> None:
    with zephyr_firmware.elf.open("rb") as file:
        loaded = b"".join(s.data() for s in ELFFile(file).iter_segments("PT_LOAD"))
    for folder in (zephyr.HERE, zephyr_firmware.elf.parent, Path.home()):
        assert str(folder).encode() not in loaded
