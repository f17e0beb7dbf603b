"""What is told when a firmware cannot be looked into; what can be is tested on the booted board."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import Board
from bench.lwip import connections
from bench.tests.elf import real_firmware
from bench.tests.fake_machine import FakeMachine
from emulation.errors import UserError


def test_a_board_without_a_firmware_file_says_so() -> None:
    with pytest.raises(UserError, match="no firmware that can be looked into"):
        connections(Board(FakeMachine()))


def test_a_stripped_firmware_says_so(tmp_path: Path) -> None:
    stripped = tmp_path / "stripped.elf"
    subprocess.run(["strip", "--strip-debug", real_firmware(), "-o", stripped], check=True)
    with (
        Board.boot(firmware=stripped) as board,
        pytest.raises(UserError, match="has no debug information"),
    ):
        connections(board)
