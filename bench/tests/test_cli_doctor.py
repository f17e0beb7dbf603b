"""`bench doctor` finds what is there, and says for everything that is not how to get it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.cli import doctor
from emulation.errors import UserError
from emulation.firmware import build
from emulation.zephyr import tree


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("CC", "ZEPHYR_BASE", "RENODE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def program(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_whatever_is_missing_comes_with_a_way_to_get_it(bare: Path) -> None:
    missing = [finding for finding in doctor.examine().findings if not finding.present]
    assert {
        "32-bit x86 compiler",
        "linker",
        "build tools",
        "tshark",
        "Chromium",
        "git",
        "Renode",
        "Zephyr tree",
    } <= {finding.name for finding in missing}
    assert all(finding.remedy and finding.detail for finding in missing)


def test_a_missing_compiler_does_not_keep_a_built_firmware_from_running(bare: Path) -> None:
    assert doctor.compiler().need == "build"
    assert doctor.Report([doctor.python(), doctor.compiler()]).can_run


def test_a_firmware_that_is_not_built_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "DEFAULT_OUT", tmp_path)
    finding = doctor.firmware()
    assert (finding.present, finding.need) == (False, "run")
    assert "make firmware" in finding.remedy


def test_a_firmware_older_than_its_sources_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / build.ELF_NAME).write_bytes(b"\x7fELF")
    monkeypatch.setattr(build, "DEFAULT_OUT", tmp_path)
    monkeypatch.setattr(build, "up_to_date", lambda: False)
    finding = doctor.firmware()
    assert (finding.present, "older than its sources" in finding.detail) == (False, True)


def test_a_firmware_can_be_run_where_it_cannot_be_rebuilt(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_compiler() -> bool:
        raise UserError("gcc is missing", "install it")

    (bare / build.ELF_NAME).write_bytes(b"\x7fELF")
    monkeypatch.setattr(build, "DEFAULT_OUT", bare)
    monkeypatch.setattr(build, "up_to_date", no_compiler)
    assert doctor.firmware().present
    assert "may be out of date: gcc is missing" in doctor.firmware().detail


def test_a_missing_package_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        doctor, "_requirements", lambda: ["click>=8", 'x; extra == "dev"', "no-such-package>=1"]
    )
    finding = doctor.packages()
    assert (finding.present, finding.detail) == (False, "missing: no-such-package")
    assert not doctor.Report([finding]).can_run


def test_the_compiler_has_to_make_code_for_the_board(bare: Path) -> None:
    assert not doctor.compiler().present
    program(bare, "gcc", 'echo "gcc: error: unrecognized command-line option -m32" >&2; exit 1')
    assert "unrecognized command-line option -m32" in doctor.compiler().detail
    program(bare, "gcc", "exec /usr/bin/gcc -m64 -march=x86-64 -c -x c - -o probe.o")
    assert not doctor.compiler().present


def test_the_compiler_that_built_the_firmware_is_recognised() -> None:
    assert doctor.compiler().present


@pytest.mark.parametrize(("minor", "present"), [(14, True), (13, False), (15, False)])
def test_only_the_last_zephyr_with_the_board_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, minor: int, present: bool
) -> None:
    (tmp_path / "VERSION").write_text(f"VERSION_MAJOR = 1\nVERSION_MINOR = {minor}\nPATCHLEVEL = 3\n")
    monkeypatch.setenv("ZEPHYR_BASE", str(tmp_path))
    monkeypatch.setattr(tree, "PARTS", {})
    monkeypatch.setattr(tree, "find_tools", lambda: None)
    finding = doctor.zephyr()
    assert finding.present == present
    assert f"1.{minor}.3" in finding.detail


def test_a_program_that_hangs_counts_as_broken(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare, "tshark", "exec /bin/sleep 60")
    monkeypatch.setattr(doctor, "PROBE_TIMEOUT", 0.2)
    monkeypatch.setattr(doctor, "PROBES", (doctor.tshark,))
    (finding,) = doctor.examine().findings
    assert not finding.present
    assert "timed out" in finding.detail


@pytest.mark.parametrize(("present", "status"), [(True, 0), (False, 1)])
def test_the_exit_status_says_whether_the_default_job_can_run(
    monkeypatch: pytest.MonkeyPatch, present: bool, status: int
) -> None:
    monkeypatch.setattr(doctor, "PROBES", (lambda: doctor.Finding("part", present, "detail", "get it"),))
    table = CliRunner().invoke(doctor.command)
    assert table.exit_code == status
    assert ("get it" in table.output) != present
    answer = CliRunner().invoke(doctor.command, ["--json"])
    assert answer.exit_code == status
    assert json.loads(answer.output) == {
        "can_run": present,
        "findings": [
            {"name": "part", "present": present, "detail": "detail", "remedy": "get it", "need": "run"}
        ],
    }


def test_a_path_stays_whole_where_no_terminal_sets_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    place = "/" + "/".join(["a folder of a long name"] * 20)
    monkeypatch.setattr(doctor, "PROBES", (lambda: doctor.Finding("firmware", True, place),))
    for columns in ("80", "20"):
        result = CliRunner(env={"COLUMNS": columns}).invoke(doctor.command)
        assert place in result.output
