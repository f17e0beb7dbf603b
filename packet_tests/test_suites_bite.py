"""The tests fail when the server is broken: each defect here is built into a firmware of its own.

A defect must be caught by the test of the rule it breaks, with a message that says what was expected and what
came instead. One that is not caught means that the suites have lost their teeth.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulation.firmware.build import DEFAULT_WS_SERVER, build

HERE = Path(__file__).resolve().parent
TIMEOUT = 300.0


@dataclass(frozen=True)
class Defect:
    """`old` in a module of ws_server becomes `new`; then `test` fails with a message like `message`."""

    module: str
    old: str
    new: str
    test: str
    message: str


DEFECTS = {
    "frames are not unmasked": Defect(
        "frames.py",
        "copy_masked(payload, 0, data, 6, end, data[2:6], 0)",
        "copy_masked(payload, 0, data, 6, end, _NO_KEY, 0)",
        "test_websocket_messages.py::test_every_byte_of_the_masking_key_counts[3-255]",
        r"expected WebSocket binary \[FIN\] b'.*' \(RFC 6455, section 5\.3\)\s+"
        r"E\s+came: WebSocket binary \[FIN\] b'",
    ),
    "pong with the wrong payload": Defect(
        "protocol.py",
        "self._queue(PONG, event.data)",
        'self._queue(PONG, b"wrong")',
        "test_websocket_control.py::test_a_ping_is_answered_by_a_pong_with_its_payload[4]",
        r"expected WebSocket pong \[FIN\] b'\\x01\\x02\\x03\\x04' \(RFC 6455, section 5\.5\.3\)\s+"
        r"E\s+came: WebSocket pong \[FIN\] b'wrong'",
    ),
}


def broken(defect: Defect, folder: Path) -> Path:
    """The ELF of a firmware with the defect."""
    package = folder / "ws_server"
    shutil.copytree(DEFAULT_WS_SERVER, package, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    module = package / defect.module
    text = module.read_text()
    assert text.count(defect.old) == 1, f"{defect.module} has changed: say anew how to break it"
    module.write_text(text.replace(defect.old, defect.new))
    return build(folder / "firmware", ws_server=package).elf


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=DEFECTS.keys())
def test_a_broken_server_is_caught(defect: Defect, tmp_path: Path) -> None:
    elf = broken(defect, tmp_path)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"]
    options = [f"--firmware={elf}", f"--captures={tmp_path}", str(HERE / defect.test)]
    done = subprocess.run(
        command + options, cwd=HERE.parent, capture_output=True, text=True, timeout=TIMEOUT, check=False
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    assert re.search(defect.message, done.stdout), done.stdout
