"""Steps run in order, once, and stop at the first failure with the evidence in sight."""

from __future__ import annotations

import ast
import io
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from emulation.errors import UserError
from tools.bootstrap import project, stamp
from tools.bootstrap.process import Result
from tools.bootstrap.step import CommandError, report, work_off
from tools.bootstrap.terminal import StepLine, Terminal, duration


@dataclass
class Scripted:
    name: str
    current: bool = False
    error: UserError | None = None
    worked: list[str] = field(default_factory=list)

    def is_current(self) -> bool:
        return self.current

    def work(self, line: StepLine) -> str:
        if self.error:
            raise self.error
        line.note("busy")
        self.worked.append(self.name)
        return "three things"


@pytest.fixture
def screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setattr(project, "BUILD", tmp_path)
    return io.StringIO()


def test_each_step_says_what_it_did_or_that_it_had_nothing_to_do(screen: io.StringIO) -> None:
    work_off([Scripted("first", current=True), Scripted("second")], Terminal(screen))
    lines = screen.getvalue().splitlines()
    assert lines[0].startswith("  [1/2] first") and "up to date" in lines[0]
    assert lines[1].startswith("  [2/2] second") and lines[1].endswith("busy")
    assert lines[2].startswith("  [2/2] second") and "three things" in lines[2]


def test_a_failed_step_ends_the_row(screen: io.StringIO) -> None:
    last = Scripted("last")
    with pytest.raises(UserError):
        work_off([Scripted("bad", error=UserError("broken", "mend it")), last], Terminal(screen))
    assert "FAILED" in screen.getvalue()
    assert not last.worked


def test_a_failed_command_shows_its_last_lines_its_log_and_what_to_do(screen: io.StringIO) -> None:
    result = Result(1, ["long before", *["noise"] * 20, "E: Unable to locate package gcc"], 0.1)
    report(CommandError("apt-get install", result, project.ROOT / "build/logs/x.log"), Terminal(screen))
    text = screen.getvalue()
    assert "| E: Unable to locate package gcc" in text and "long before" not in text
    assert "error: apt-get install failed (exit status 1)" in text
    assert "what to do: apt does not know the package" in text
    assert "full output: build/logs/x.log" in text


def test_a_command_that_explains_itself_is_quoted(screen: io.StringIO) -> None:
    lines = [
        "fetching lwip",
        "error: could not fetch the source package lwip",
        "  what to do: check the network",
    ]
    error = CommandError("firmware sources", Result(2, lines, 0.1), project.ROOT / "build/logs/x.log")
    assert error.message == "firmware sources: could not fetch the source package lwip"
    assert error.hint == "check the network"


@pytest.mark.parametrize("path", ["/home/a b/bench", "/tmp/50%", "/tmp/a:b", "/tmp/$HOME"])
def test_a_place_that_makefiles_cannot_cope_with_is_refused_at_once(path: str) -> None:
    with pytest.raises(UserError) as caught:
        project.check_place(Path(path))
    assert path in caught.value.message


def test_a_usual_place_is_fine() -> None:
    project.check_place(Path("/home/jörg/ws_bench-0.1+dev"))


def test_stamps_match_only_what_they_were_written_with(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "stamp"
    assert not stamp.matches(path, "x")
    stamp.write(path, stamp.digest("ab", "c"))
    assert stamp.matches(path, stamp.digest("ab", "c"))
    assert not stamp.matches(path, stamp.digest("a", "bc"))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s")],
)
def test_durations_read_as_people_write_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_python_that_is_too_old_can_read_that_it_is() -> None:
    start = project.ROOT / "tools" / "bootstrap" / "__main__.py"
    tree = ast.parse(start.read_text(), feature_version=(3, 4))
    check = next(node for node in tree.body if isinstance(node, ast.If))
    imports = [node.lineno for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert ast.unparse(check.test) == "sys.version_info < (3, 11)"
    assert check.lineno < min(imports)
