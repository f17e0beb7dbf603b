"""The board's files in a real Renode: the one that the bench would take.

Each run is a process group of its own that is ended after a time limit, whatever happens. It gets a home and
a temporary directory of its own, since Renode tidies the latter, files of other instances included.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.platform import load_platform
from emulation.platform.renode import descriptions_for
from emulation.renode.find import find_renode
from emulation.renode.machine import SCRIPT

SUITE = SCRIPT.with_suffix(".robot")
FIRMWARE = Path(__file__).parents[3] / "build" / "firmware" / "ws_bench.elf"
FAILED = "There was an error"
"""What the monitor prints when it gives up a script."""

LIMIT = 120
"""Seconds of real time that a run may take on a slow machine."""


@pytest.mark.parametrize(
    ("version", "files"),
    [
        ("Renode, version 1.12.0.15523 (202011230835)", ["arduino_101-1.12.repl"]),
        ("Renode v1.15.3.12345", ["arduino_101-1.12.repl"]),
        ("1.16.0", ["arduino_101-1.12.repl"]),
        ("1.16.1", ["arduino_101-1.16.1.repl", "arduino_101.repl"]),
        ("1.16.2", ["arduino_101.repl", "arduino_101-1.16.1.repl"]),
        ("2.0.0", ["arduino_101.repl", "arduino_101-1.16.1.repl"]),
    ],
)
def test_each_version_has_its_files(version: str, files: list[str]) -> None:
    found = descriptions_for(version)
    assert [path.name for path in found] == files
    assert all(path.is_file() for path in found)


@pytest.mark.parametrize(("version", "message"), [("1.11.0", "too old"), ("Renode", "no version")])
def test_what_is_no_usable_version(version: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        descriptions_for(version)


def run(command: list[str], directory: Path) -> str:
    """What Renode printed until it ended, or until it gave up a script, which leaves it at its prompt.

    Standard input stays open: the monitor spins on one that has ended.
    """
    home = directory / "home"
    home.mkdir(parents=True)
    environment = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "TMPDIR": str(home)}
    log = directory / "renode.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + LIMIT
    try:
        while process.poll() is None and FAILED not in log.read_text(errors="replace"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
            if time.monotonic() > deadline:
                pytest.fail(f"Renode did not end within {LIMIT} s:\n{log.read_text(errors='replace')}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return log.read_text(errors="replace")


@pytest.fixture(scope="module")
def renode() -> list[str]:
    try:
        return list(find_renode().command)
    except UserError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="module")
def candidates(renode: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return descriptions_for(run([*renode, "--version"], tmp_path_factory.mktemp("version") / "run"))


def monitor(renode: list[str], directory: Path, commands: list[str]) -> str:
    """Output of a script of monitor commands."""
    directory.mkdir()
    script = directory / "script.resc"
    script.write_text("\n".join([*commands, "quit", ""]))
    return run([*renode, "--disable-xwt", "--console", "--plain", str(script)], directory)


def test_the_board_loads(renode: list[str], candidates: list[Path], tmp_path: Path) -> None:
    outputs = []
    for file in candidates:
        commands = [f"path add @{file.parent}", "mach create", f"machine LoadPlatformDescription @{file}"]
        output = monitor(renode, tmp_path / file.stem, [*commands, "peripherals"])
        outputs.append(output)
        if FAILED not in output:
            break
    names = {word for line in outputs[-1].splitlines() for word in line.split()}
    missing = [entry.name for entry in load_platform(candidates[0]) if entry.name not in names]
    assert not missing, "\n".join(outputs)
    assert FAILED not in outputs[-1]


def test_the_firmware_boots(renode: list[str], candidates: list[Path], tmp_path: Path) -> None:
    if not FIRMWARE.is_file():
        pytest.skip("no firmware: build it with `bench firmware`")
    for file in candidates:
        console = tmp_path / f"{file.stem}.txt"
        commands = [
            f"$platform=@{file}",
            f"$bin=@{FIRMWARE}",
            f"i @{SCRIPT}",
            f"uartB CreateFileBackend @{console} true",
            'emulation RunFor "1"',
        ]
        output = monitor(renode, tmp_path / file.stem, commands)
        if FAILED not in output:
            break
    printed = console.read_text() if console.is_file() else ""
    assert "ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082" in printed, output


STUB = """\
*** Keywords ***
Setup
    No Operation
Teardown
    No Operation
Test Teardown
    No Operation
Execute Command
    [Arguments]    ${command}    ${machine}=
    No Operation
Execute Script
    [Arguments]    ${path}
    No Operation
Start Emulation
    No Operation
Create Terminal Tester
    [Arguments]    ${uart}    ${timeout}=
    No Operation
Create Network Interface Tester
    [Arguments]    ${interface}
    No Operation
Wait For Line On Uart
    [Arguments]    ${line}    ${timeout}=
    No Operation
Send Frame
    [Arguments]    ${bytes}
    No Operation
Wait For Outgoing Packet With Bytes At Index
    [Arguments]    ${bytes}    ${index}    ${packets}    ${timeout}
    No Operation
"""
"""Renode's own keywords, as far as the suite uses them."""


def test_the_suite_for_renodes_own_runner_is_well_formed(tmp_path: Path) -> None:
    stub = tmp_path / "renode-keywords.robot"
    stub.write_text(STUB)
    command = [sys.executable, "-m", "robot", "--dryrun", "--output", "NONE", "--report", "NONE"]
    command += ["--log", "NONE", "--variable", f"RENODEKEYWORDS:{stub}", str(SUITE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 tests, 3 passed" in done.stdout


def test_the_suite_for_renodes_own_runner_passes(tmp_path: Path) -> None:
    runner = shutil.which("renode-test")
    if runner is None:
        pytest.skip("no renode-test on the PATH")
    if not FIRMWARE.is_file():
        pytest.skip("no firmware: build it with `bench firmware`")
    done = subprocess.run(
        [runner, "-r", str(tmp_path), str(SUITE)], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, done.stdout + done.stderr
