from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import emulation.firmware.build as build_module
from emulation.errors import UserError
from emulation.firmware.build import DEFAULT_OUT, BuildResult, build, first_error, forget_objects, up_to_date


def test_an_unchanged_build_is_skipped(firmware: BuildResult) -> None:
    assert up_to_date()
    again = build()
    assert not again.fresh
    assert again.sha256 == firmware.sha256


def test_another_application_gives_another_firmware_and_the_same_one_the_same(
    firmware: BuildResult, tmp_path: Path
) -> None:
    app = tmp_path / "app.py"
    app.write_text("print('another application')\n")
    other = build(tmp_path / "other", app=app)
    assert other.fresh
    assert other.sha256 != firmware.sha256
    assert build(tmp_path / "same").sha256 == firmware.sha256


def test_the_names_of_the_folders_above_the_build_do_not_matter(
    firmware: BuildResult, tmp_path: Path
) -> None:
    """The linker script tells objects by the folders they lie in, which are also called these."""
    assert build(tmp_path / "lwip" / "shared" / "extmod").sha256 == firmware.sha256


def test_a_damaged_elf_is_built_again(firmware: BuildResult, tmp_path: Path) -> None:
    first = build(tmp_path / "out")
    with first.elf.open("ab") as file:
        file.write(b"damage")
    again = build(tmp_path / "out")
    assert again.fresh
    assert again.sha256 == firmware.sha256


def test_objects_of_other_options_do_not_get_into_the_firmware(tmp_path: Path) -> None:
    objects = [tmp_path / "py" / "vm.o", tmp_path / "frozen_content.o"]

    def compile_something() -> None:
        for path in objects:
            path.parent.mkdir(exist_ok=True)
            path.touch()

    compile_something()
    forget_objects(tmp_path, "-Os")
    assert not any(path.exists() for path in objects)
    compile_something()
    forget_objects(tmp_path, "-Os")
    assert all(path.exists() for path in objects)
    forget_objects(tmp_path, "-O2")
    assert not any(path.exists() for path in objects)


def test_what_a_source_that_is_gone_has_left_does_not_get_into_the_firmware(
    firmware: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, code = tmp_path / "out", tmp_path / "code"
    build(out)
    (out / "genhdr" / "qstr" / "port__gone.c.qstr").write_text("Q(gone)\n")
    shutil.copytree(build_module.HERE, code)
    (code / "port" / "gone.c").write_text("int gone;\n")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(build_module, "HERE", code)
        patch.setattr(build_module, "_make", interrupt)
        build(out)  # there is one source more now, and next time it is gone
    assert build(out).sha256 == firmware.sha256
    assert not list(out.rglob("*gone*"))


def interrupt(*_words: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("firmware")
def test_a_folder_with_outdated_objects_takes_those_of_the_default_build(tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(out)
    forget_objects(out, "an older Makefile")
    (out / "py").mkdir()
    (out / "py" / "vm.o").touch()
    (out / "ws_bench.elf").unlink()
    build(out)
    of_default = (DEFAULT_OUT / "py" / "vm.o").stat()
    assert (out / "py" / "vm.o").stat().st_mtime_ns == of_default.st_mtime_ns, "it was compiled again"


def test_objects_of_a_build_that_was_cut_short_do_not_get_into_the_firmware(
    firmware: BuildResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_short(_source: Path, target: Path, **_options: object) -> None:
        (target / "py").mkdir(parents=True)
        (target / "py" / "vm.o").write_bytes(b"half of it")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shutil, "copytree", cut_short)
        build(tmp_path / "out")
    assert build(tmp_path / "out").sha256 == firmware.sha256


@pytest.mark.usefixtures("firmware")
def test_python_that_does_not_compile_is_named_with_its_line(tmp_path: Path) -> None:
    app = tmp_path / "broken.py"
    app.write_text("print('fine')\ndef broken(:\n    pass\n")
    with pytest.raises(UserError, match=r"main\.py, line 2: SyntaxError"):
        build(tmp_path / "out", app=app)


@pytest.mark.usefixtures("firmware")
def test_a_firmware_that_does_not_fit_says_by_how_much(tmp_path: Path) -> None:
    app = tmp_path / "big.py"
    app.write_text("\n".join(f"x{i} = '{i:0200d}'" for i in range(1000)))
    with pytest.raises(UserError, match=r"region `flash2' overflowed by \d+ bytes"):
        build(tmp_path / "out", app=app)


@pytest.mark.usefixtures("firmware")
def test_a_missing_application_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no application at .*nothing\.py"):
        build(tmp_path / "out", app=tmp_path / "nothing.py")


@pytest.mark.usefixtures("firmware")
def test_a_folder_that_is_not_the_server_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not the ws_server package"):
        build(tmp_path / "out", ws_server=tmp_path)


@pytest.mark.usefixtures("firmware")
@pytest.mark.parametrize("missing", ["gcc", "ld", "make"])
def test_a_missing_tool_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    for tool in {"gcc", "ld", "make"} - {missing}:
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=f"{missing}, which builds the firmware, is missing") as caught:
        build(tmp_path / "out")
    assert "apt-get install" in caught.value.hint


@pytest.mark.usefixtures("firmware")
def test_a_compiler_for_another_machine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("gcc", "ld"):
        fake = tmp_path / f"other-{tool}"
        fake.write_text("#!/bin/sh\necho 'error: unrecognized option -m32' >&2\nexit 1\n")
        fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{Path(shutil.which('make') or '/usr/bin/make').parent}")
    monkeypatch.setenv("CROSS_COMPILE", "other-")
    with pytest.raises(UserError, match=r"cannot compile for 32-bit x86.*-m32"):
        build(tmp_path / "out")


@pytest.mark.parametrize(
    ("output", "wanted"),
    [
        (["CC a.c", "a.c:3:1: error: unknown type name 'x'", "make: *** [a.o] Error 1"], "a.c:3:1: error"),
        (
            ["ld: section `.flash' will not fit", "ld: region `flash' overflowed by 9 bytes"],
            "overflowed by 9",
        ),
        (["x.c:5: undefined reference to `f'", "make: *** Error 1"], "undefined reference"),
        (["#@echo Error: not run", "make: *** No rule to make target 'z'"], "No rule"),
        (["killed", ""], "killed"),
        ([], "no reason"),
    ],
)
def test_the_line_that_tells_most_is_chosen(output: list[str], wanted: str) -> None:
    assert wanted in first_error(output)


def test_the_default_folder_is_the_one_the_bench_loads_from(firmware: BuildResult) -> None:
    assert firmware.elf == DEFAULT_OUT / "ws_bench.elf"
