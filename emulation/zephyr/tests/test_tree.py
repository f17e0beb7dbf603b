from __future__ import annotations

import sys
from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.zephyr.tree import PARTS, VARIABLE, find_tools, find_tree


def make_tree(folder: Path, major: int = 1, minor: int = 14, patch: int = 3, without: str = "") -> Path:
    for part in PARTS:
        if part != without:
            (folder / part).parent.mkdir(parents=True, exist_ok=True)
            (folder / part).touch()
    version = f"VERSION_MAJOR = {major}\nVERSION_MINOR = {minor}\nPATCHLEVEL = {patch}\nVERSION_TWEAK = 0\n"
    (folder / "VERSION").write_text(version)
    return folder


def make_tools(
    folder: Path, *, without: str = "", cmake: str = "3.25.1", libgcc: str = "libgcc.a"
) -> dict[str, str]:
    """A PATH on which the tools are scripts; the environment with it."""
    folder.mkdir(exist_ok=True)
    if libgcc:
        (folder / libgcc).touch()
    says = {
        "cmake": f"cmake version {cmake}",
        "ninja": "1.11.1",
        "dtc": "Version: DTC 1.6.1",
        "gcc": f"{folder}/libgcc.a" if libgcc else "libgcc.a",
    }
    for name, text in says.items():
        if name != without:
            (folder / name).write_text(f"#!/bin/sh\necho '{text}'\n")
            (folder / name).chmod(0o755)
    modules = "exit 1" if without == "modules" else "exit 0"
    (folder / "python3").write_text(f"#!/bin/sh\n{modules}\n")
    (folder / "python3").chmod(0o755)
    return {"PATH": str(folder)}


def refused(environment: dict[str, str]) -> UserError:
    with pytest.raises(UserError) as caught:
        find_tree(environment)
    assert "v1.14" in caught.value.hint
    return caught.value


@pytest.mark.parametrize("patch", [0, 3])
def test_every_1_14_will_do(tmp_path: Path, patch: int) -> None:
    tree = find_tree({VARIABLE: str(make_tree(tmp_path, patch=patch))})
    assert (tree.base, tree.version) == (tmp_path, f"1.14.{patch}")


def test_without_a_tree_it_is_said_how_to_name_one() -> None:
    assert "ZEPHYR_BASE is not set" in refused({}).message


@pytest.mark.parametrize(("major", "minor"), [(1, 13), (2, 7), (3, 7), (11, 14), (1, 140)])
def test_another_version_is_named(tmp_path: Path, major: int, minor: int) -> None:
    error = refused({VARIABLE: str(make_tree(tmp_path, major, minor))})
    assert f"Zephyr {major}.{minor}.3" in error.message
    assert "\n" not in error.message


def test_a_folder_that_is_no_zephyr_is_named(tmp_path: Path) -> None:
    assert f"{tmp_path}, which is no Zephyr tree" in refused({VARIABLE: str(tmp_path)}).message


@pytest.mark.parametrize("part", PARTS)
def test_what_an_incomplete_tree_lacks_is_named(tmp_path: Path, part: str) -> None:
    assert part in refused({VARIABLE: str(make_tree(tmp_path, without=part))}).message


def test_complete_tools_will_do(tmp_path: Path) -> None:
    assert find_tools(make_tools(tmp_path)).python in (Path(sys.executable), tmp_path / "python3")


@pytest.mark.parametrize(
    ("tool", "package"),
    [
        ("cmake", "cmake"),
        ("ninja", "ninja-build"),
        ("dtc", "device-tree-compiler"),
        ("gcc", "gcc gcc-multilib"),
    ],
)
def test_a_missing_tool_is_named_with_its_package(tmp_path: Path, tool: str, package: str) -> None:
    with pytest.raises(UserError) as caught:
        find_tools(make_tools(tmp_path, without=tool))
    assert tool in caught.value.message
    assert caught.value.hint == f"apt-get install {package}"


def test_everything_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to("/bin/true")
    with pytest.raises(UserError, match=r"cmake \(from 3.13.1\), ninja, dtc, gcc") as caught:
        find_tools({"PATH": str(tmp_path)})
    assert caught.value.hint.count("apt-get") == 1


def test_a_cmake_that_is_too_old_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cmake from 3\.13\.1 \(this one is 3\.7\.2\)"):
        find_tools(make_tools(tmp_path, cmake="3.7.2"))


def test_a_compiler_without_its_32_bit_library_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="32-bit libgcc") as caught:
        find_tools(make_tools(tmp_path, libgcc=""))
    assert caught.value.hint == "apt-get install gcc-multilib"


def test_a_toolchain_of_the_users_own_needs_no_gcc_of_the_host(tmp_path: Path) -> None:
    find_tools(make_tools(tmp_path, without="gcc") | {"ZEPHYR_TOOLCHAIN_VARIANT": "zephyr"})


def test_python_modules_that_are_missing_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = make_tools(tmp_path, without="modules")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    with pytest.raises(UserError, match="Python modules yaml, elftools, distutils") as caught:
        find_tools(environment)
    assert caught.value.hint == f"{tmp_path}/python3 -m pip install PyYAML pyelftools setuptools"
