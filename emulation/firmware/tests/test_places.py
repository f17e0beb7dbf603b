"""Firmware for a folder whose name make would misread is built elsewhere, and nothing lands beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.firmware import places
from emulation.firmware.build import HERE, BuildResult, build
from emulation.paths import build_folder

NAMES = ["a b", "it's", 'a"b', "a$b", "a(b", "a&b", "a%b", "a;b", "a:b", "a[b", "a`b", "a#b", "a=b", "a,b"]


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_that_make_misreads_has_a_place_of_its_own(tmp_path: Path, name: str) -> None:
    place = places.place_for(tmp_path / name / "firmware")
    assert place.is_relative_to(build_folder())
    assert places.fits(place)
    assert place != places.place_for(tmp_path / f"{name}2" / "firmware")


def test_other_folders_are_their_own_place(tmp_path: Path) -> None:
    for name in ("demo", "a.b-c_d+e@f", "ä"):
        assert places.place_for(tmp_path / name) == tmp_path / name


def test_make_is_not_called_where_it_would_go_astray() -> None:
    with pytest.raises(UserError, match="cannot work with /a b/c"):
        places.check(["/fine", "/a b/c"], "the firmware")


@pytest.mark.usefixtures("firmware")
def test_the_firmware_is_the_same_as_elsewhere_and_nothing_is_left_beside_the_sources(
    firmware: BuildResult, tmp_path: Path
) -> None:
    before = {path for path in HERE.rglob("*") if "__pycache__" not in path.parts}
    out = tmp_path / "a 'b\" $(c & d%; e: [f` #" / "firmware"
    first, again = build(out), build(out)
    assert (first.elf, first.sha256) == (out / "ws_bench.elf", firmware.sha256)
    assert first.elf.is_file()
    assert not again.fresh
    assert {path for path in HERE.rglob("*") if "__pycache__" not in path.parts} == before
    first.elf.write_bytes(b"damaged")
    assert build(out).elf.read_bytes() == firmware.elf.read_bytes()
