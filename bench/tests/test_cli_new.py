"""`bench new`: a project that passes as it is, and that fails usefully once its server has a defect."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.scaffold import FILES
from bench.tests.test_robot import Run, evidence

CAPITALS = "Text Is Answered In Capitals"


def bench(folder: Path, *words: str) -> Run:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Run(done.returncode, done.stdout, done.stderr, folder / "reports")


def pytest_in(folder: Path) -> str:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False).stdout


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    made = bench(tmp_path, "new", "demo")
    assert made.status == 0, made.err
    return tmp_path / "demo"


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_it_says_what_it_has_made_and_fills_in_the_name(demo: Path) -> None:
    files = {str(path.relative_to(demo)) for path in demo.rglob("*") if path.is_file()}
    assert files == {name.replace("@MODULE@", "demo") for name in FILES.values()}
    for name in files:
        assert not re.search(r"@[A-Z]+@", (demo / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "words", ["ruff check --isolated .", "ruff format --isolated --check .", "robocop check suites"]
)
def test_linters_find_nothing_in_it(demo: Path, words: str) -> None:
    program, *rest = words.split()
    command = [str(Path(sys.executable).parent / program), *rest]
    done = subprocess.run(command, cwd=demo, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_passes_as_it_is(demo: Path) -> None:
    result = bench(demo, "run")
    assert result.status == 0, result.out + result.err
    assert "Program:  main.py, frozen into the firmware" in result.out
    assert "4 tests: 4 passed" in result.out
    assert (demo / "reports" / "report.html").is_file()
    assert "3 passed" in pytest_in(demo)


def test_a_defect_of_one_line_fails_the_test_that_knows_better(demo: Path) -> None:
    edit(demo / "main.py", "data.upper()", "data.lower()")
    result = bench(demo, "run")
    assert result.status == 1
    assert {name for name, (status, _) in result.results().items() if status == "FAIL"} == {CAPITALS}
    message = result.results()[CAPITALS][1]
    assert "expected WebSocket text [FIN] b'HELLO, BOARD!' (RFC 6455, section 5.6)" in message
    assert "came: WebSocket text [FIN] b'hello, board!'" in message
    assert re.search(r"sent: WebSocket text \[FIN MASK [0-9a-f]{8}\] b'Hello, board!'", message)
    assert all(line in result.out for line in message.splitlines())
    ladder = evidence(result, CAPITALS)
    assert ladder.count('class="frame deviates"') == 1
    assert "✗ expected WebSocket text [FIN] b&#x27;HELLO, BOARD!&#x27;" in ladder
    assert "test_a_frame_cut_into_segments_is_put_together" in pytest_in(demo)


def test_a_server_that_raises_is_shown_with_its_traceback(demo: Path) -> None:
    edit(demo / "main.py", "data.upper()", "data.upper(1)")
    result = bench(demo, "run")
    assert result.status == 1
    message = result.results()[CAPITALS][1]
    assert 'File "main.py", line 17, in answer' in message
    assert "TypeError" in message


def test_a_syntax_error_is_one_line(demo: Path) -> None:
    edit(demo / "main.py", "return data.upper()", "return data.upper(")
    result = bench(demo, "run")
    assert result.status not in (0, 1)
    assert f"error: {demo / 'main.py'}, line 17: '(' was never closed" in result.err


def test_a_placed_application_behaves_as_a_frozen_one(demo: Path) -> None:
    edit(demo / "bench.toml", "# freeze = true ", "freeze = false ")
    result = bench(demo, "run")
    assert result.status == 0, result.out + result.err
    assert "Program:  main.py, beside the firmware" in result.out
    run = ElementTree.parse(demo / "reports" / "output.xml").find("suite")
    assert run is not None
    assert run.attrib["name"] == "demo"


def test_what_freezing_lacks_is_said_with_the_way_around(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(demo / "bench.toml", "# freeze = true ", "freeze = true ")
    monkeypatch.setenv("PATH", str(demo))
    result = bench(demo, "run")
    assert result.status == 252
    assert "error: gcc, which builds the firmware, is missing" in result.err
    assert "or take `freeze = true` out of bench.toml" in result.err


def test_pytest_takes_seed_and_engine_from_the_project_too(demo: Path) -> None:
    edit(demo / "bench.toml", "seed = 1 ", "seed = 7 ")
    (demo / "test_demo.py").write_text("def test_it(board):\n    assert board.seed == 7\n")
    words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=demo, capture_output=True, text=True, timeout=300, check=False)
    assert "bench: engine quark, seed 7" in done.stdout
    assert "1 passed" in done.stdout
    edit(demo / "bench.toml", "seed = 7 ", "sede = 7 ")
    done = subprocess.run(words, cwd=demo, capture_output=True, text=True, timeout=300, check=False)
    assert "there is no key 'sede'" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_plain_robot_runs_the_same_board(demo: Path) -> None:
    words = [sys.executable, "-m", "robot", "--output", "NONE", "--log", "NONE", "--report", "NONE", "suites"]
    done = subprocess.run(words, cwd=demo, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout
    assert "4 tests, 4 passed" in done.stdout


@pytest.mark.parametrize("name", ["7up", "two words", "../up/a b", "ä", "", "a" * 41])
def test_a_name_that_does_not_do_is_refused(tmp_path: Path, name: str) -> None:
    result = bench(tmp_path, "new", name)
    assert result.status == 2
    assert "is no name for a project" in result.err
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine")
    result = bench(tmp_path, "new", "demo")
    assert result.status == 2
    assert "demo is there already" in result.err
    assert (tmp_path / "demo").read_text() == "mine"


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = bench(tmp_path, "new", "file/demo")
    assert result.status == 2
    assert "cannot make file/demo: Not a directory" in result.err
