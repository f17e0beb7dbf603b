"""`bench shell` as a user has it: at a terminal (a pty), or as a script."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from scapy.utils import rdpcap

from bench.cli import main
from bench.shell.console import PROMPT
from bench.shell.uart_echo import UartEcho
from bench.tests.elf import UD2, with_code_at

TIMEOUT = 60.0
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
"""What a console sends to steer a terminal (ECMA-48, section 5.4)."""


class Terminal:
    """A shell at a terminal of its own."""

    def __init__(self, home: Path, *arguments: str, ipython: bool = False) -> None:
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (50, 300))  # no line that is typed scrolls
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONSTARTUP", "FORCE_COLOR")}
        environment |= {"XDG_STATE_HOME": str(home), "TERM": "dumb", "NO_COLOR": "1", "IPYTHONDIR": str(home)}
        # The plain console is what everybody has; IPython has its own test.
        hidden = "" if ipython else "sys.modules['IPython'] = None; "
        program = f"import sys; {hidden}from bench.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, "shell", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            start_new_session=True,
            # Ctrl-C of the terminal reaches the processes whose controlling terminal it is.
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
        )
        os.close(theirs)
        self._ours = ours
        self._text = ""

    def read_until(self, pattern: str) -> str:
        """What has come up to a match of the pattern."""
        deadline = time.monotonic() + TIMEOUT
        while not (found := re.search(pattern, self._text, re.MULTILINE)):
            if not select.select([self._ours], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"no {pattern!r} in {self._text!r}")
            try:
                more = os.read(self._ours, 4096)
            except OSError:  # the other end is closed
                more = b""
            if not more:
                raise AssertionError(f"ended without {pattern!r}: {self._text!r}")
            self._text = ESCAPE.sub("", self._text + more.decode().replace("\r", ""))
        shown, self._text = self._text[: found.end()], self._text[found.end() :]
        return shown

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def ask(self, line: str) -> str:
        """What a line of input brings about, up to the next prompt."""
        self.type(line + "\n")
        self.read_until(re.escape(line))
        return self.read_until(f"^{PROMPT}").removesuffix(PROMPT).strip()

    def end(self) -> int:
        self.type("\x04")
        return self.process.wait(TIMEOUT)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self._ours)


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Terminal, str, Path]]:
    """A shell, its banner, and where it keeps its history."""
    home = tmp_path_factory.mktemp("home")
    with contextlib.closing(Terminal(home, "--seed", "7")) as opened:
        yield opened, opened.read_until(f"^{PROMPT}"), home


@pytest.fixture
def shell(listening: tuple[Terminal, str, Path]) -> Terminal:
    """A shell whose board has just been reset."""
    listening[0].ask("_ = reset()")
    return listening[0]


def script(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["shell", *arguments], input=stdin, catch_exceptions=False)


def test_the_shell_says_what_it_has(listening: tuple[Terminal, str, Path]) -> None:
    banner = listening[1]
    assert "uart| ws_server: listening on 192.0.2.1" in banner
    assert "Seed: 7" in banner
    for name in ("board", "wire", "peer", "reset()", "Ctrl-D"):
        assert name in banner


def test_board_wire_peer_and_scapy_are_at_hand(shell: Terminal, tmp_path: Path) -> None:
    assert shell.ask("board.ip") == "'192.0.2.1'"
    assert shell.ask("ICMP in sr1(IP() / ICMP() / b'hello', timeout=1)") == "True"
    assert shell.ask("client = peer(8080)") == ""
    assert shell.ask("client.echo('from the shell').data") == "b'from the shell'"
    assert "TCP 192.0.2.1:http_alt >" in shell.ask("frames()")
    assert shell.ask("frames()") == ""
    assert "talk.pcapng" in shell.ask(f"save('{tmp_path / 'talk.pcapng'}')")
    assert len(rdpcap(str(tmp_path / "talk.pcapng"))) > 10


def test_what_the_board_prints_comes_between_the_inputs(shell: Terminal) -> None:
    shell.ask("client = peer(8081, protocols=['my_ws_protocol'])")
    assert "uart| PING: hello" in shell.ask("client.send(WebSocket(opcode='ping') / b'hello'); run(0.1)")


def test_reset_goes_back_to_where_the_shell_began(shell: Terminal) -> None:
    before = shell.ask("clock.now")
    shell.ask("run(3)")
    assert shell.ask("clock.now") != before
    shell.ask("same = reset() is board")
    assert shell.ask("clock.now, same") == f"({before}, True)"


def test_tab_completes_names_and_attributes(shell: Terminal) -> None:
    shell.type("board.link_lo\t\n")
    assert "fe80::" in shell.read_until(f"^{PROMPT}")


def test_ctrl_c_ends_a_wait_and_the_shell_goes_on(shell: Terminal) -> None:
    shell.type("print('begun'); run(1e9)\n")
    shell.read_until("^begun")
    shell.type("\x03")
    assert "KeyboardInterrupt" in shell.read_until(f"^{PROMPT}")
    assert shell.ask("1 + 1") == "2"


def test_failures_are_messages_and_mistakes_are_tracebacks(shell: Terminal) -> None:
    refused = shell.ask("peer(81)")
    assert refused.startswith("error: expected SYN+ACK")
    assert "Traceback" not in refused
    assert "within 0.5 virtual seconds" in shell.ask("uart.wait_for('tea', timeout=0.5)")
    assert "what to do" in shell.ask("Board = type(board); Board.boot('steam')")
    mistake = shell.ask("1 / 0")
    assert "ZeroDivisionError" in mistake
    assert mistake.count("Error") == 1  # nothing of IPython, which is not there


def test_a_board_that_crashes_is_a_message_and_can_be_reset(tmp_path: Path) -> None:
    elf = with_code_at("tcp_input", UD2, tmp_path / "defective.elf")
    with contextlib.closing(Terminal(tmp_path, "--firmware", str(elf))) as shell:
        shell.read_until(f"^{PROMPT}")
        crash = shell.ask("peer(8080)")
        assert "uart| *** CPU exception: invalid opcode" in crash
        assert "error: guest fault (exception)" in crash
        assert "reset()" in crash
        assert "Traceback" not in crash
        shell.ask("again = reset()")
        assert shell.ask("ICMP in sr1(IP() / ICMP(), timeout=1)") == "True"
        assert shell.end() == 0
    assert "again = reset()" in (tmp_path / "bench" / "shell_history").read_text()


def test_ipython_is_used_where_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("IPython", exc_type=ImportError)
    with contextlib.closing(Terminal(tmp_path, ipython=True)) as shell:
        assert "board, wire" in shell.read_until(r"In \[1\]: ")
        shell.type("peer(8080).echo('hello').data\n")
        shell.read_until(r"Out\[1\]: b'hello'")
        shell.type("peer(81)\n")
        refused = shell.read_until(r"In \[3\]: ")
        assert "error: expected SYN+ACK" in refused
        assert "Traceback" not in refused
        shell.type("print('begun'); run(1e9)\n")
        shell.read_until("^begun")
        shell.type("\x03")
        shell.read_until(r"(?s)KeyboardInterrupt.*In \[4\]: ")
        shell.type("exit\n")
        assert shell.process.wait(TIMEOUT) == 0


def test_a_script_prints_its_results_alone() -> None:
    done = script("--exec", "print(peer(8080).echo('hi').data)")
    assert (done.exit_code, done.stdout) == (0, "b'hi'\n")
    firmware, stack, board = done.stderr.splitlines()
    assert re.fullmatch(r"Firmware: ws_bench\.elf, SHA-256 [0-9a-f]{16}", firmware)
    assert stack == "Stack:    lwip"
    assert board == "uart| ws_server: listening on 192.0.2.1 ports 8080, 8081, 8082"


def test_what_is_piped_in_is_a_script() -> None:
    done = script(stdin="for number in range(2):\n    print(number)\n")
    assert (done.exit_code, done.stdout) == (0, "0\n1\n")


def test_a_script_that_fails_says_in_which_of_its_lines() -> None:
    done = script(stdin="client = peer(8080)\nassert client.echo('a').data == b'b'\n")
    assert done.exit_code == 1
    assert 'File "<stdin>", line 2' in done.stderr
    assert "assert client.echo('a').data == b'b'" in done.stderr
    assert str(Path(__file__).parents[1]) not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--exec", "raise SystemExit(7)"], 7),
        (["--exec", "import signal; signal.raise_signal(signal.SIGINT); run(1)"], 130),
        (["--exec", "def f(:"], 1),
        (["--engine", "steam"], 2),
        (["--exec", "save('/proc/none/x.pcapng')"], 2),
    ],
)
def test_the_exit_code_says_how_a_script_ended(arguments: list[str], status: int) -> None:
    done = script(*arguments)
    assert done.exit_code == status, done.stderr
    assert "bench/" not in done.stderr


def test_a_firmware_that_crashes_under_a_script_ends_it_with_the_evidence(tmp_path: Path) -> None:
    elf = with_code_at("tcp_input", UD2, tmp_path / "defective.elf")
    done = script("--firmware", str(elf), "--exec", "peer(8080)")
    assert done.exit_code == 1
    assert "guest fault (exception)" in done.stderr
    assert "Traceback" not in done.stderr


def test_control_characters_of_the_firmware_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from rich.console import Console

    echo = UartEcho(Console(soft_wrap=True))
    echo(b"caf\xc3")
    echo(b"\xa9 \x1b[2J\r\nno end")
    assert capsys.readouterr().out == "uart| café \\x1b[2J\n"
    echo.flush()
    assert capsys.readouterr().out == "uart| no end\n"
