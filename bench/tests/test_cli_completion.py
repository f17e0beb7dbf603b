"""What a shell is offered, asked the way click's function in the shell asks."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from bench.cli import COMMANDS, main
from bench.cli.completion import SHELLS, VARIABLE
from emulation.paths import default_firmware


def offered(*words: str) -> list[str]:
    """What completes the last word after those before it; `<file>` where the shell is to offer files."""
    shell = ShellComplete(main, {}, "bench", VARIABLE)
    found = shell.get_completions(list(words[:-1]), words[-1])
    return [item.value if item.type == "plain" else f"<{item.type}>" for item in found]


def test_commands_are_offered_without_importing_them() -> None:
    assert offered("") == list(COMMANDS)
    assert offered("ca") == ["cases"]
    program = (
        "import sys\n"
        "from bench.tests.test_cli_completion import offered\n"
        "offered('')\n"
        "print('bench.cli.mutants' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cases", "ru"], ["run"]),
        (["run", "--engine", ""], ["quark", "renode"]),
        (["serve", "--engine", "re"], ["renode"]),
        (["run", "open"], ["opening_handshake"]),
        (["run", "./my"], ["<file>"]),
        (["run", "--firmware", ""], ["<file>"]),
        (["run", "--wat"], ["--watch"]),
        (["compare", "quark", ""], ["quark", "renode"]),
        (["compare", "quark", "./build"], ["<file>"]),
        (["cases", "show", "tcp-30"], ["tcp-30-option-length"]),
        (["cases", "list", "--layer", "t"], ["tcp"]),
        (["mutants", "no-po"], ["no-pong"]),
        (["inject", ""], ["<file>"]),
        (["completion", ""], list(SHELLS)),
        (["firmware", "--stack", "z"], ["zephyr"]),
    ],
)
def test_what_can_stand_there_is_offered(words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


def test_a_single_case_is_offered_below_its_group() -> None:
    found = offered("cases", "show", "tcp-30-option-length-m")
    assert "tcp-30-option-length-mss-0-ipv4" in found
    assert all(name.startswith("tcp-30-option-length-m") for name in found)


@pytest.mark.parametrize("words", [["nonsense", ""], ["run", "--nonsense", ""], ["serve", "--port", "x", ""]])
def test_what_is_wrong_is_no_traceback_in_somebodys_shell(words: list[str]) -> None:
    offered(*words)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_names_the_function_and_the_variable(shell: str) -> None:
    result = CliRunner().invoke(main, ["completion", shell], catch_exceptions=False)
    assert result.exit_code == 0
    assert f"{VARIABLE}={shell}_complete" in result.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_completes_with_it() -> None:
    script = CliRunner().invoke(main, ["completion", "bash"], catch_exceptions=False).stdout
    program = Path(sys.executable).with_name("bench")
    asked = f"{script}\nCOMP_WORDS=({program} doc)\nCOMP_CWORD=1\n_bench_completion {program}\n"
    asked += 'echo "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "doctor\n", done.stderr


def test_the_version_names_what_a_failure_may_depend_on() -> None:
    result = CliRunner().invoke(main, ["--version"], catch_exceptions=False)
    assert re.match(r"bench, version \d+\.\d+\.\d+\n", result.stdout)
    assert re.search(r"quark: +embedded emulator, Unicorn \d", result.stdout)
    assert re.search(r"renode: +(not found|\d)", result.stdout)
    assert default_firmware().name in result.stdout
    assert re.search(r"SHA-256 [0-9a-f]{64}\n", result.stdout)
