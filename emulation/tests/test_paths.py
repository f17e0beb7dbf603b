"""A checkout keeps everything in itself, an installed wheel nothing: the same module, put in either place."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from emulation import paths


def installed_in(folder: Path) -> ModuleType:
    module = folder / "emulation" / "paths.py"
    module.parent.mkdir(parents=True)
    module.write_text(Path(paths.__file__).read_text(encoding="utf-8"))
    spec = importlib.util.spec_from_file_location("paths_elsewhere", module)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def test_a_checkout_builds_and_reports_in_itself() -> None:
    assert paths.IS_CHECKOUT
    assert paths.build_folder() == paths.ROOT / "build"
    assert paths.reports_folder() == paths.ROOT / "reports"
    assert paths.default_firmware() == paths.ROOT / "build" / "firmware" / "ws_bench.elf"


def test_an_installed_package_builds_in_the_users_cache_and_reports_where_it_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    installed = installed_in(tmp_path / "site-packages")
    assert not installed.IS_CHECKOUT
    assert installed.build_folder() == tmp_path / "cache" / "zephyr-ws-bench"
    assert installed.reports_folder() == Path("reports")


def test_without_xdg_the_cache_is_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert installed_in(tmp_path / "site").build_folder() == tmp_path / ".cache" / "zephyr-ws-bench"
    monkeypatch.setattr("sys.platform", "darwin")
    assert paths.user_cache() == tmp_path / "Library" / "Caches" / "zephyr-ws-bench"


def test_the_firmware_is_the_one_the_package_carries_or_else_the_one_built_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    installed = installed_in(tmp_path / "site")
    assert installed.default_firmware() == installed.build_folder() / "firmware" / "ws_bench.elf"
    installed.PREBUILT.mkdir()
    (installed.PREBUILT / "ws_bench.elf").write_bytes(b"")
    assert installed.default_firmware() == installed.PREBUILT / "ws_bench.elf"
