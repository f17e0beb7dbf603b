"""Trials of mutants made for these tests: each fate there is, and what a run leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.board import ROOT
from bench.cli import main
from bench.cli import mutants as command
from bench.mutants import catalogue, trial
from bench.mutants.edits import Replace
from bench.mutants.mutant import Family, Mutant
from bench.mutants.report import write_page
from bench.mutants.trial import Catch, Fate, Trials, Verdict
from emulation.tests.processes import expect_end, started_with

PING = "packet_tests/test_icmp.py::test_ten_requests_at_once_come_back_in_order"
UPGRADE = "packet_tests/test_http_upgrade.py::test_a_client_is_let_in[8080-ipv4]"
ECHO = "ws_server/samples/echo.py"
OURS = (
    Mutant("harmless", "nothing, really", (Replace(ECHO, '"""Echo: ', '"""An echo: '),), (PING,)),
    Mutant(
        "mute",
        "no client is let in",
        (Replace(ECHO, "(port=port, **", "(port=port, accept_handler=print, **"),),
        (UPGRADE,),
    ),
    Mutant("typo", "it is no Python", (Replace(ECHO, "def make_server", "def def make_server"),), (PING,)),
    Mutant("stillborn", "it raises at once", (Replace(ECHO, "from ..protocol", "from ..nothing"),), (PING,)),
    Mutant("stale", "the code has changed", (Replace(ECHO, "no such text", ""),), (PING,)),
)


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only these mutants, and few tests."""
    monkeypatch.setattr(catalogue, "FAMILIES", (Family("Ours", "For tests.", OURS),))
    monkeypatch.setattr(trial, "SUITES", (PING,))
    monkeypatch.setattr(command, "FOLDER", tmp_path / "mutants")


@pytest.mark.usefixtures("ours")
def test_every_fate_is_told_and_one_that_survives_fails_the_run(tmp_path: Path) -> None:
    output = tmp_path / "result.json"
    result = CliRunner().invoke(main, ["mutants", "--json", "--output", str(output)], catch_exceptions=False)
    assert result.exit_code == 1, result.output
    told = json.loads(output.read_text())
    assert json.loads(result.stdout) == told
    assert told["complete"]
    assert not told["all_caught"]
    mutants = {mutant["name"]: mutant for mutant in told["mutants"]}
    assert {name: mutant["fate"] for name, mutant in mutants.items()} == {
        "harmless": "survived",
        "mute": "caught",
        "typo": "does not build",
        "stillborn": "does not boot",
        "stale": "does not apply",
    }
    assert mutants["mute"]["catches"][0]["test"] == UPGRADE
    assert "status 101" in mutants["mute"]["catches"][0]["message"]
    assert mutants["harmless"]["passed"] == 1
    assert "echo.py, line" in mutants["typo"]["detail"]
    assert "ImportError" in mutants["stillborn"]["detail"]
    assert "no such text" in mutants["stale"]["detail"]
    assert re.search(r"^  harmless: survived\. nothing, really$", result.output, flags=re.MULTILINE)
    assert "5 mutants: 1 caught, 1 survived" in result.output
    assert not list((tmp_path / "mutants").iterdir()), "nothing is kept unless asked for"


@pytest.mark.usefixtures("ours")
def test_a_test_that_fails_without_a_defect_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    always = tmp_path / "test_always.py"
    always.write_text("def test_fails() -> None:\n    assert not 'whatever it is'\n")
    mutant = Mutant("mute", "no client is let in", OURS[1].edits, (f"{always}::test_fails",))
    monkeypatch.setattr(catalogue, "FAMILIES", (Family("Ours", "For tests.", (mutant,)),))
    result = CliRunner().invoke(main, ["mutants"], catch_exceptions=False)
    assert result.exit_code == 2
    assert "fail on the firmware as it should be: ::test_fails" in result.stderr


def test_firmware_captures_and_output_are_kept_if_that_is_asked_for(tmp_path: Path) -> None:
    mutant = OURS[1]
    verdict = Trials(tmp_path, keep=True).try_out(mutant)
    assert verdict.fate is Fate.CAUGHT
    kept = {path.name for path in (tmp_path / mutant.name).iterdir()}
    assert {"firmware", "captures", "output.txt", "result.json"} <= kept
    assert list((tmp_path / mutant.name / "captures").rglob("*.pcapng"))


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a signal there")
def test_ctrl_c_leaves_what_is_known_by_then(tmp_path: Path) -> None:
    output = tmp_path / "result.json"
    words = ["mutants", "no-pong", "rsv-ignored", "limit-off-by-one", "--jobs", "1", "--output", str(output)]
    child = subprocess.Popen(
        [sys.executable, "-m", "bench", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child:
        line = next(line for line in child.stdout if line.startswith("caught"))
        child.send_signal(signal.SIGINT)
        rest = child.stdout.read()
        child.wait(60)
    assert child.returncode == 130
    told = json.loads(output.read_text())
    assert not told["complete"]
    assert told["mutants"][0]["name"] == line.split()[1] == "no-pong"
    assert "interrupted" in rest
    assert "not tried" in rest


def test_a_kill_ends_the_tests_that_run(tmp_path: Path) -> None:
    judge = "import time; print('begun', flush=True); time.sleep(1000)"
    program = (
        "from pathlib import Path\n"
        "from bench.mutants.trial import Trials\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"Trials(folder)._run(folder, ['-c', {judge!r}])\n"
    )
    environment = {**os.environ, "MARKER": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, env=environment)
    output = tmp_path / "output.txt"
    while process.poll() is None and not (output.exists() and output.read_text()):
        time.sleep(0.05)  # wall time: another process
    judges = started_with("MARKER", tmp_path)
    process.kill()
    process.wait()
    assert len(judges) == 3  # itself, the leash, and what it holds
    expect_end(judges)


def test_the_page_has_a_row_for_every_mutant(tmp_path: Path) -> None:
    catch = Catch("packet_tests/test_x.py::test_y[a|b]", "expected `1` | came 2")
    verdicts = [Verdict(m.name, m.wrong, Fate.CAUGHT, (catch,)) for m in catalogue.all_mutants()]
    page = tmp_path / "docs" / "mutants.md"
    write_page(page, verdicts)
    text = page.read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(verdicts)
    assert "[test_x.py](../packet_tests/test_x.py): `test_y[a\\|b]`" in rows[0]
    assert "`` expected `1` \\| came 2 ``" in rows[0]
