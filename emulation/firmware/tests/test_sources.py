from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.firmware.sources import (
    LWIP,
    MICROPYTHON,
    PACKAGES,
    SourcePackage,
    find_sources,
    get_sources,
    verify,
)


def tree(folder: Path, package: SourcePackage) -> Path:
    """Something that passes for an unpacked source tree."""
    landmark = folder / package.landmark
    landmark.parent.mkdir(parents=True)
    landmark.write_text("")
    return folder


def test_nothing_is_found_in_an_empty_folder(tmp_path: Path) -> None:
    assert find_sources(tmp_path, {}) is None


def test_fetched_trees_are_found_by_their_pinned_version(tmp_path: Path) -> None:
    for package in PACKAGES:
        tree(tmp_path / package.folder, package)
    found = find_sources(tmp_path, {})
    assert found is not None
    assert (found.micropython, found.lwip) == (tmp_path / MICROPYTHON.folder, tmp_path / LWIP.folder)


def test_the_users_own_trees_are_taken_without_fetching(tmp_path: Path) -> None:
    environment = {p.variable: str(tree(tmp_path / p.name, p)) for p in PACKAGES}
    found = get_sources(tmp_path / "unused", environment=environment)
    assert (found.micropython, found.lwip) == (tmp_path / "micropython", tmp_path / "lwip")
    assert not (tmp_path / "unused").exists()


def test_a_change_in_the_users_own_tree_changes_its_identity(tmp_path: Path) -> None:
    environment = {p.variable: str(tree(tmp_path / p.name, p)) for p in PACKAGES}
    before = get_sources(tmp_path, environment=environment).identity
    (tmp_path / "lwip" / "new.c").write_text("int x;")
    assert get_sources(tmp_path, environment=environment).identity != before


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: p.name)
def test_a_variable_that_names_no_such_tree_is_an_error_that_names_it(
    tmp_path: Path, package: SourcePackage
) -> None:
    with pytest.raises(UserError, match=package.variable):
        find_sources(tmp_path, {package.variable: str(tmp_path)})


def package_of(files: dict[str, bytes]) -> SourcePackage:
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return SourcePackage("thing", "1", "THING_DIR", "x", "a thing", digests)


def test_the_pinned_files_pass(tmp_path: Path) -> None:
    files = {"thing_1.dsc": b"control", "thing_1.tar.xz": b"data"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    verify(package_of(files), tmp_path)


def test_a_file_that_differs_is_refused_and_removed(tmp_path: Path) -> None:
    (tmp_path / "thing_1.dsc").write_bytes(b"something else")
    with pytest.raises(UserError, match=r"thing_1\.dsc is not the file .* SHA-256"):
        verify(package_of({"thing_1.dsc": b"control"}), tmp_path)
    assert not (tmp_path / "thing_1.dsc").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"thing_1\.dsc"):
        verify(package_of({"thing_1.dsc": b"control"}), tmp_path)


def test_without_apt_the_error_names_the_way_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get") as caught:
        get_sources(tmp_path / "sources", environment={})
    assert "MICROPYTHON_DIR" in caught.value.hint


def test_an_unwritable_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        get_sources(tmp_path / "file", environment={})
