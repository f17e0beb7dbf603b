"""What is in the distributions. `make package` shows that it is enough."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.firmware.sources import Sources, find_sources
from emulation.paths import default_firmware
from tools.bootstrap import project
from tools.packaging.build import Distributions, build_distributions, copy_tracked_files
from tools.packaging.notices import notices

INFO = "zephyr_ws_bench-0.1.0.dist-info"


def tracked_files() -> set[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=project.ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.splitlines() if (project.ROOT / name).is_file()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    return build_distributions(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(built: Distributions) -> zipfile.ZipFile:
    return zipfile.ZipFile(built.for_this_machine)


def test_the_sdist_is_what_git_tracks(built: Distributions) -> None:
    with tarfile.open(built.sdist) as archive:
        files = {member.name.split("/", 1)[1] for member in archive.getmembers() if member.isfile()}
    made = {name for name in files if ".egg-info/" in name} | {"PKG-INFO", "setup.cfg"}
    assert files - made == tracked_files()


def test_the_wheel_carries_the_built_firmware_and_the_clock(wheel: zipfile.ZipFile) -> None:
    assert wheel.read("emulation/prebuilt/ws_bench.elf") == default_firmware().read_bytes()
    assert len([name for name in wheel.namelist() if name.endswith(".so")]) == 1


def test_its_tag_says_what_it_runs_on(built: Distributions) -> None:
    assert "-py3-none-manylinux_2_17_" in built.for_this_machine.name
    assert built.for_others.name.endswith("-py3-none-any.whl")
    with zipfile.ZipFile(built.for_others) as other:
        assert not [name for name in other.namelist() if name.endswith(".so")]


def test_the_clock_needs_no_symbol_of_the_c_library(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith(".so"))
    needed = subprocess.run(
        ["nm", "--dynamic", "--undefined-only", wheel.extract(name, tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )
    strong = [line for line in needed.stdout.splitlines() if line.split()[0] == "U"]
    assert strong == []


def test_what_packages_read_is_there_and_their_tests_are_not(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    packages = ("bench/", "emulation/", "ws_server/")
    missing = {
        name for name in tracked_files() if name.startswith(packages) and "/tests/" not in name
    } - names
    assert missing == set(), "see [tool.setuptools.package-data] in pyproject.toml"
    assert {name for name in names if "/tests/" in name or not name.startswith((*packages, INFO))} == set()


def test_the_notices_of_what_is_inside_go_with_it(wheel: zipfile.ZipFile) -> None:
    text = wheel.read(f"{INFO}/licenses/NOTICES.txt").decode()
    for words in ("Damien P. George", "Swedish Institute of Computer Science", "Christophe Devine"):
        assert words in text
    assert b"MIT License" in wheel.read(f"{INFO}/licenses/LICENSE")


def test_it_announces_its_commands_and_the_pytest_plugin(wheel: zipfile.ZipFile) -> None:
    points = wheel.read(f"{INFO}/entry_points.txt").decode()
    assert "bench = bench.start:main" in points
    assert "[pytest11]\nbench.pytest_plugin = bench.pytest_plugin" in points
    metadata = message_from_bytes(wheel.read(f"{INFO}/METADATA"))
    assert metadata["Requires-Python"] == ">=3.11"


def test_code_without_its_notice_is_not_passed_on(tmp_path: Path) -> None:
    found = find_sources()
    assert found is not None
    with pytest.raises(UserError, match="must not be passed on without its notice"):
        notices(Sources(found.micropython, tmp_path, ""))


def test_where_there_is_no_git_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="git cannot list the files"):
        copy_tracked_files(tmp_path, tmp_path / "copy")
