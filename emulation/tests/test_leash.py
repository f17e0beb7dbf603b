from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emulation.leash import leashed
from emulation.tests.processes import expect_end

TIMEOUT = 30

FAMILY = 'sleep 1000 & echo "$$ $!"; wait'
"""A shell with a child; prints the process ids of both."""


def test_output_and_exit_status_are_the_commands() -> None:
    with leashed(["sh", "-c", "echo out; echo err >&2; exit 7"]) as child:
        assert child.stdout is not None
        assert sorted(child.stdout) == ["err\n", "out\n"]
    assert child.returncode == 7


def test_a_program_that_is_not_there_is_said() -> None:
    with leashed(["/no/such/program"]) as child:
        assert child.stdout is not None
        assert "No such file" in child.stdout.read()
    assert child.returncode == 127


def test_leaving_early_ends_all_that_was_started() -> None:
    with pytest.raises(KeyboardInterrupt), leashed(["sh", "-c", FAMILY]) as child:
        assert child.stdout is not None
        processes = [int(word) for word in child.stdout.readline().split()]
        raise KeyboardInterrupt
    expect_end([child.pid, *processes])


def test_what_does_not_heed_sigterm_is_killed() -> None:
    with pytest.raises(KeyboardInterrupt), leashed(["sh", "-c", f"trap '' TERM; {FAMILY}"]) as child:
        assert child.stdout is not None
        processes = [int(word) for word in child.stdout.readline().split()]
        raise KeyboardInterrupt
    expect_end([child.pid, *processes])


def test_temporary_files_of_the_command_go_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with leashed(["sh", "-c", "mktemp"]) as child:
        assert child.stdout is not None
        made = Path(child.stdout.readline().strip())
    assert made.is_relative_to(tmp_path)
    with pytest.raises(KeyboardInterrupt), leashed(["sh", "-c", f"mktemp; {FAMILY}"]) as child:
        assert child.stdout is not None
        assert Path(child.stdout.readline().strip()).exists()
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_being_killed_ends_it_too(tmp_path: Path) -> None:
    program = (
        "from emulation.leash import leashed\n"
        f"with leashed(['sh', '-c', {'mktemp; ' + FAMILY!r}]) as child:\n"
        "    child.stdout.readline()\n"
        "    print(child.pid, child.stdout.readline(), flush=True)\n"
        "    child.stdout.read()\n"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=root, env=environment
    )
    assert parent.stdout is not None
    processes = [int(word) for word in parent.stdout.readline().split()]
    assert len(processes) == 3
    parent.send_signal(signal.SIGKILL)
    parent.communicate(timeout=TIMEOUT)
    expect_end(processes)
    assert not list(tmp_path.iterdir())


ORPHAN = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import os, signal, sys
sys.stdin.readline()  # the parent has ended by now: nobody is left to give the signal
from emulation.leash import end_with_parent
end_with_parent(signal.SIGKILL, int(sys.argv[1]))
signal.pause()
''', str(os.getpid())], stdin=int(sys.argv[1]))
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_who_is_an_orphan_before_asking_to_end_with_the_parent_ends_at_once() -> None:
    root = Path(__file__).resolve().parents[2]
    held, given = os.pipe()
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(held)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        pass_fds=[held],
    )
    assert parent.stdout is not None
    orphan = int(parent.stdout.readline())  # which keeps that pipe open
    parent.wait(TIMEOUT)
    assert parent.returncode == -signal.SIGKILL
    os.write(given, b"go on\n")
    expect_end([orphan])


def test_who_has_its_parent_goes_on() -> None:
    program = "import os, signal\nfrom emulation.leash import end_with_parent\n"
    program += "end_with_parent(signal.SIGKILL, os.getppid())\nprint('here')"
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=False
    )
    assert (done.returncode, done.stdout) == (0, "here\n")
