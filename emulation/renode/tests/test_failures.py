"""Whatever Renode does wrong becomes one clear line, and nothing of it is left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulation.errors import EngineLacks, GuestFault, UserError
from emulation.machine import Need, Stop
from emulation.renode import guard, process
from emulation.renode.machine import RenodeMachine


@pytest.fixture
def machine(fake: Callable[..., None]) -> Iterator[RenodeMachine]:
    with contextlib.closing(RenodeMachine()) as made:
        yield made


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second is enough for the fake where it is to hang."""
    monkeypatch.setattr(process, "START_PATIENCE", 1.0)
    monkeypatch.setattr(process, "PATIENCE", 1.0)


@pytest.mark.parametrize(
    ("trap", "complaint"),
    [
        ("exit", r"did not start: it ended by itself \(exit status 3\): cannot open the display"),
        ("script error", "did not start: no module named Network"),
        ("no core", r"cannot load the board: .*repl: translate-i386-le.so: cannot open shared object file"),
        ("bad platform", r"cannot load the board: .*Error E04: Could not resolve type: 'GPIOPort'\.(;| \()"),
        (
            "error E38",
            r"Error E38: Exception was thrown during registration of 'otp' in 'sysbus': Could not register "
            r"otp: it overlaps with flash\. At board\.repl:11:1: otp: Memory\.MappedMemory @ sysbus "
            r"0x4002F000(;| \()",
        ),
    ],
)
def test_one_that_does_not_start(
    machine: RenodeMachine, elf: Path, fake: Callable[..., None], trap: str, complaint: str
) -> None:
    fake(trap)
    with pytest.raises(UserError, match=complaint):
        machine.load(elf)


def test_one_that_hangs_at_start(
    machine: RenodeMachine, elf: Path, fake: Callable[..., None], impatient: None
) -> None:
    fake("hang at start")
    with pytest.raises(UserError, match="did not start: it has not answered for 1 s"):
        machine.load(elf)


@pytest.mark.parametrize(
    ("trap", "reason"),
    [
        ("crash", r"it ended by itself \(signal 6\): Not set"),
        ("crash of Mono", r"\(signal 6\): Got a SIGSEGV while executing native code\n"),
        ("killed", r"Renode [^:]*: it ended by itself \(signal 9\)\n"),
        ("hang at run", "it has not answered for 1 s"),
    ],
)
def test_one_that_fails_is_a_fault_of_the_engine_and_a_snapshot_brings_it_back(
    machine: RenodeMachine,
    elf: Path,
    fake: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    trap: str,
    reason: str,
) -> None:
    fake(trap)
    machine.load(elf)
    state = machine.snapshot()
    monkeypatch.setattr(process, "PATIENCE", 1.0)
    with pytest.raises(GuestFault, match=reason) as caught:
        machine.run(1.0)
    assert caught.value.kind == "engine"
    with pytest.raises(GuestFault, match=reason):
        machine.read_memory(0x40000000, 4)
    monkeypatch.setattr(process, "PATIENCE", 60.0)
    fake()
    machine.restore(state)
    assert machine.run(1.0, Stop.UART) == Stop.UART
    assert machine.uart_read() == b"hi"


def test_a_frame_that_an_old_one_cannot_log_is_no_fault_of_the_guest(
    machine: RenodeMachine, elf: Path, fake: Callable[..., None]
) -> None:
    fake("crash over a log")
    machine.load(elf)
    with pytest.raises(EngineLacks, match=r"has to log .* not defined in ICMPv6Types .*1\.16\.1 or newer"):
        machine.run(1.0)


@pytest.mark.parametrize("size", [59, 1515])
def test_a_frame_of_a_size_that_only_a_real_controller_drops_is_refused(
    machine: RenodeMachine, size: int
) -> None:
    with pytest.raises(EngineLacks, match=f"takes frames of any size, {size} bytes too"):
        machine.send_frame(bytes(size), pad=False)


def test_one_that_cannot_save(machine: RenodeMachine, elf: Path, fake: Callable[..., None]) -> None:
    fake("no save")
    machine.load(elf)
    with pytest.raises(EngineLacks, match="cannot save its state: Error encountered"):
        machine.snapshot()


def test_one_that_cannot_save_gives_its_own_reason(
    machine: RenodeMachine, elf: Path, fake: Callable[..., None]
) -> None:
    fake("no save, says the log")
    machine.load(elf)
    with pytest.raises(EngineLacks, match=r"cannot save its state: Not enough space on the disk \("):
        machine.snapshot()


@pytest.mark.parametrize(("version", "exact"), [("1.12.0", False), ("1.15.2", False), ("1.15.3", True)])
def test_only_an_old_one_lacks_an_exact_clock(fake: Callable[..., None], version: str, exact: bool) -> None:
    fake(version=f"Renode v{version}.1")
    with contextlib.closing(RenodeMachine()) as machine:
        assert (Need.EXACT_CLOCK not in machine.lacks) == exact
        assert Need.SEED in machine.lacks


def test_its_own_files_are_unpacked_where_they_are_for_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOTNET_BUNDLE_EXTRACT_BASE_DIR", raising=False)
    ours = guard.environment(Path("/board"))
    assert (ours["HOME"], ours["DOTNET_BUNDLE_EXTRACT_BASE_DIR"]) == ("/board", str(tmp_path / ".net"))
    monkeypatch.setenv("DOTNET_BUNDLE_EXTRACT_BASE_DIR", "/elsewhere")
    assert guard.environment(Path("/board"))["DOTNET_BUNDLE_EXTRACT_BASE_DIR"] == "/elsewhere"
    monkeypatch.delenv("DOTNET_BUNDLE_EXTRACT_BASE_DIR")
    monkeypatch.setenv("HOME", "/nonexistent")
    assert "DOTNET_BUNDLE_EXTRACT_BASE_DIR" not in guard.environment(Path("/board"))


def alive(pid: int) -> bool:
    """Whether a process exists and is not merely waiting to be reaped."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def wait_for(condition: Callable[[], bool]) -> None:
    """Other processes need their time to end: poll, with an end."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


SCRIPT = """
import sys, time
from pathlib import Path
from emulation.renode.machine import RenodeMachine
machine = RenodeMachine()
print(machine._folder, flush=True)
machine.load(Path(sys.argv[1]))
print("loaded", flush=True)
if sys.argv[2] == "close":
    machine.close()
time.sleep(60)
"""


@pytest.mark.parametrize("end", ["close", "kill", "kill while it starts", "kill while it hangs"])
def test_nothing_is_left_behind(
    fake: Callable[..., None], elf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Neither Renode, nor what it has started in another session, nor its folder: even after SIGKILL."""
    children = tmp_path / "children"
    monkeypatch.setenv("FAKE_CHILDREN", str(children))
    fake({"kill while it starts": "hang at start", "kill while it hangs": "hang at adopt"}.get(end, ""))
    bench = subprocess.Popen([sys.executable, "-c", SCRIPT, str(elf), end], stdout=subprocess.PIPE, text=True)
    try:
        assert bench.stdout
        folder = Path(bench.stdout.readline().strip())
        wait_for(lambda: children.exists() and children.read_text().endswith("."))
        if " while " not in end:
            assert bench.stdout.readline() == "loaded\n"
        if end != "close":
            bench.send_signal(signal.SIGKILL)
        pids = [int(word) for word in children.read_text().split()[:2]]
        wait_for(lambda: not any(map(alive, pids)) and not folder.exists())
    finally:
        bench.kill()
        bench.communicate()


def test_a_fresh_process_takes_over_before_the_memory_is_used_up(
    elf: Path, fake: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulation.renode.machine.RESTORES", 2)
    for version, fresh in (("1.16.0.1", True), ("1.16.1.1", False)):
        fake(version=f"Renode v{version}")
        with contextlib.closing(RenodeMachine()) as machine:
            machine.load(elf)
            state = machine.snapshot()
            processes = []
            for _ in range(3):
                machine.restore(state)
                processes.append(machine._process)
            assert (processes[0] is not processes[1]) == fresh
            assert processes[1] is processes[2]


def test_registers_have_the_names_of_the_other_engine(machine: RenodeMachine, elf: Path) -> None:
    machine.load(elf)
    assert machine.registers() == {"eax": 1, "esp": 0xA8001470, "eip": 0x40000000}


def test_its_pipes_are_not_for_other_processes(machine: RenodeMachine, elf: Path) -> None:
    machine.load(elf)
    assert machine._process is not None
    assert not os.get_inheritable(machine._process._requests)
