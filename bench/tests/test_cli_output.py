"""What becomes of standard output is no concern of what a command does, nor of its exit code."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import pytest

from bench.board import ROOT
from bench.cli.output import EnduringStream
from bench.tests.test_robot import HEAD

FULL = Path("/dev/full")
UNICODE = HEAD + "Grüße → 漢字\n    No Operation\n\nWrong\n    Fail    ≤ 漢\n"
REPORTS = {"log.html", "output.xml", "report.html", "summary.html", "summary.md", "xunit.xml"}

needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full on this machine")


def bench(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        timeout=300,
        check=False,
        **options,
    )


def run(tmp_path: Path, **options: Any) -> subprocess.CompletedProcess[bytes]:
    (tmp_path / "own.robot").write_text(UNICODE)
    done = bench("run", tmp_path / "own.robot", "--report", tmp_path / "report", **options)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 1  # the tests' own
    assert {path.name for path in (tmp_path / "report").iterdir()} >= REPORTS
    assert "≤ 漢" in (tmp_path / "report" / "summary.html").read_text()
    return done


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_that_lacks_a_character_is_shown_what_looks_alike(tmp_path: Path, encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    said = run(tmp_path, stdout=subprocess.PIPE, env=environment).stdout.decode(encoding)
    greeting = "Grüße" if encoding == "latin-1" else r"Gr\xfc\xdfe"
    assert rf"PASS  {greeting} -> \u6f22\u5b57" in said
    assert r"<= \u6f22" in said


def gone_reader() -> IO[bytes]:
    """The end to write to of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    return os.fdopen(writing, "wb")


def test_a_reader_that_leaves_does_not_stop_a_run(tmp_path: Path) -> None:
    with gone_reader() as pipe:
        assert run(tmp_path, stdout=pipe).stderr == b""  # it is the reader's own wish


@needs_full
def test_a_full_disk_below_standard_output_does_not_stop_a_run(tmp_path: Path) -> None:
    with FULL.open("wb") as full:
        said = run(tmp_path, stdout=full).stderr.decode()
    assert said == "note: standard output could not be written: No space left on device\n"


def test_a_run_needs_no_standard_output(tmp_path: Path) -> None:
    run(tmp_path, preexec_fn=lambda: os.close(1))


@needs_full
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--help",), 0),
        (("cases", "list", "--json"), 0),
        (("cases", "list"), 0),
        (("nonsense",), 2),
        (("run", "--nonsense"), 252),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_every_command_ends_with_its_own_code(arguments: tuple[str, ...], status: int) -> None:
    with gone_reader() as pipe:
        left = bench(*arguments, stdout=pipe)
    with FULL.open("wb") as full:
        lost = bench(*arguments, stdout=full)
    assert [left.returncode, lost.returncode] == [status] * 2
    for done in (left, lost):
        assert not re.search(rb"Traceback|Exception|rror: \[Errno|BrokenPipe", done.stderr), done.stderr
    assert (b"No space left" in lost.stderr) == (status == 0)


@needs_full
def test_an_error_that_nobody_can_read_is_one_all_the_same() -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "bench", "nonsense"], cwd=ROOT, stdout=full, stderr=full, check=False
        )
    assert done.returncode == 2


def test_json_keeps_its_form_where_the_terminal_lacks_characters() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = bench("cases", "list", "--json", stdout=subprocess.PIPE, env=environment)
    assert json.loads(done.stdout.decode("latin-1"))


def test_the_doctor_speaks_ascii_where_the_terminal_does() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "RENODE": "/nowhere"}
    said = bench("doctor", stdout=subprocess.PIPE, env=environment).stdout.decode("ascii")
    assert "-> " in said
    assert "\\u" not in said


def test_a_stream_without_an_encoding_of_its_own_is_written_as_well() -> None:
    class Narrow(io.StringIO):
        def write(self, text: str) -> int:
            text.encode("ascii")
            return super().write(text)

    narrow = Narrow()
    EnduringStream(narrow).write("a → ─ ⠋ 漢\n")
    assert narrow.getvalue() == "a -> - . \\u6f22\n"


def test_a_stream_that_somebody_has_closed_takes_all_the_same() -> None:
    closed = io.StringIO()
    closed.close()
    stream = EnduringStream(closed)
    assert stream.write("text") == 4
    stream.flush()
    assert stream.lost == "I/O operation on closed file"
