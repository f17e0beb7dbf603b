"""The first examples a newcomer sees work as printed: each is cut out of its page and run as that says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GETTING_STARTED = (ROOT / "docs" / "getting_started.md").read_text(encoding="utf-8")
SERVER = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
PYTHON = sys.executable
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]}  # the compiler looks for its parts there


def example(page: str, language: str, containing: str) -> str:
    found: list[str] = [
        b for b in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL) if containing in b
    ]
    assert len(found) == 1
    return found[0]


def run(folder: Path, *words: str, status: int = 0) -> str:
    done = subprocess.run(
        [PYTHON, *words],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_the_server_has_six_lines_and_echoes(tmp_path: Path) -> None:
    text = example(SERVER, "python", "server.run()")
    assert len(text.splitlines()) == 6
    (tmp_path / "server.py").write_text(text.replace("port=8080", "port=0"))
    with subprocess.Popen(
        [PYTHON, "-u", "server.py"], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE
    ) as server:
        try:
            assert server.stdout is not None
            word, port = server.stdout.readline().split()
            assert word == b"port"
            with connect(f"ws://127.0.0.1:{int(port)}/", open_timeout=10) as client:
                client.send("hello")
                assert client.recv(timeout=10) == "hello"
        finally:
            server.terminate()


def test_the_script_pings_the_board_and_goes_back(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(example(README, "python", "board.restore"))
    out = run(tmp_path, "script.py")
    assert "echo-reply" in out
    assert 0 < float(out.splitlines()[-1]) < 1


def test_the_robot_suite_passes(tmp_path: Path) -> None:
    (tmp_path / "first.robot").write_text(example(GETTING_STARTED, "robot", "Open WebSocket"))
    out = run(tmp_path, "-m", "bench", "run", "first.robot", "--report", "reports/first")
    assert "2 passed" in out
    assert (tmp_path / "reports" / "first" / "report.html").exists()
    assert len(list(tmp_path.glob("reports/first/captures/**/*.pcapng"))) == 2


def test_the_suite_fails_as_the_page_says(tmp_path: Path) -> None:
    wrong = example(GETTING_STARTED, "robot", "Open WebSocket").replace("1002", "1000")
    (tmp_path / "first.robot").write_text(wrong)
    out = run(tmp_path, "-m", "bench", "run", "first.robot", "--report", "reports/first", status=1)
    assert example(GETTING_STARTED, "text", "FAIL") in out


def test_the_first_frames_get_the_answers_that_are_printed(tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text(example(GETTING_STARTED, "python", "check_alive"))
    assert run(tmp_path, "first.py") == example(GETTING_STARTED, "text", "echo-reply")


def test_the_packet_test_passes(tmp_path: Path) -> None:
    (tmp_path / "test_first.py").write_text(example(GETTING_STARTED, "python", "def test_"))
    assert "3 passed" in run(tmp_path, "-m", "pytest", "test_first.py")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\((docs/[^)#]+)", README))))
def test_what_it_links_to_exists(path: str) -> None:
    assert (ROOT / path).is_file()


def test_its_table_lists_the_makefiles_targets() -> None:
    documented = set(re.findall(r"^\| `make (\w+)` \|", README, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert documented == set(re.findall(r"^(\w+):.*## ", makefile, re.MULTILINE)) - {"help"}
