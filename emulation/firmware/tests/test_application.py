"""An application laid beside the firmware in flash, without a compiler."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulation.elf import Firmware
from emulation.errors import UserError
from emulation.firmware import application
from emulation.firmware.build import BuildResult, build
from emulation.firmware.tests.test_run import ask, until
from emulation.quark.machine import QuarkMachine


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return tmp_path / "app.py"


def placed(app: Path, text: str, firmware: BuildResult) -> Path:
    app.write_text(text, encoding="utf-8")
    return application.place(app, app.with_suffix(".elf"), firmware.elf)


@pytest.fixture
def board() -> Iterator[QuarkMachine]:
    machine = QuarkMachine(seed=1)
    yield machine
    machine.close()


def test_it_runs_in_place_of_the_frozen_one(app: Path, firmware: BuildResult, board: QuarkMachine) -> None:
    board.load(placed(app, "print('Grüße', __name__)\n", firmware))
    assert until(board, b">>> ").startswith("Grüße __main__\r\n".encode())


def test_its_faults_are_told_by_file_and_line(app: Path, firmware: BuildResult, board: QuarkMachine) -> None:
    board.load(placed(app, "\n\nraise ValueError('mine')\n", firmware))
    shown = until(board, b">>> ").decode()
    assert 'File "main.py", line 3' in shown
    assert "ValueError: mine" in shown


def test_nothing_else_of_the_firmware_changes(app: Path, firmware: BuildResult) -> None:
    before, after = Firmware(firmware.elf), Firmware(placed(app, "pass\n", firmware))
    assert after.segments[:-1] == before.segments
    assert after.symbols == before.symbols
    assert after.segments[-1].data == b"main.py\0" + struct.pack("<I", 5) + b"pass\n"
    assert after.segments[-1].address == before.symbols["__application_start"]


def test_all_of_the_room_can_be_used_and_no_more(
    app: Path, firmware: BuildResult, board: QuarkMachine
) -> None:
    room = 32 * 1024 - 12
    last = "print('end')\n"
    board.load(placed(app, last.rjust(room, "#").replace("#print", "\nprint"), firmware))
    assert until(board, b">>> ").startswith(b"end")
    with pytest.raises(UserError, match="there are 32,768 for applications"):
        placed(app, "#" * (room + 1), firmware)


def test_a_length_beyond_flash_is_no_application(
    app: Path, firmware: BuildResult, board: QuarkMachine
) -> None:
    elf = placed(app, "print('end')\n", firmware)
    image = elf.read_bytes()
    at = image.rindex(b"main.py\0") + 8
    elf.write_bytes(image[:at] + struct.pack("<I", 1 << 31) + image[at + 4 :])
    board.load(elf)
    until(board, b"listening")


def test_a_second_one_is_refused(app: Path, firmware: BuildResult) -> None:
    once = placed(app, "pass\n", firmware)
    with pytest.raises(UserError, match="has something where an application would go"):
        application.place(app, app.with_suffix(".twice"), once)


@pytest.mark.parametrize(
    ("text", "reason"),
    [(b"if\n", "line 1: invalid syntax"), (b"\xff", "is not Python"), (b"\0", "app.py")],
    ids=["syntax", "encoding", "zero"],
)
def test_a_mistake_is_told_before_anything_is_built(app: Path, text: bytes, reason: str) -> None:
    app.write_bytes(text)
    with pytest.raises(UserError, match=reason):
        application.put_on_board(app, app.parent / "out")


def test_a_missing_one_is_told(app: Path) -> None:
    with pytest.raises(UserError, match="there is no application at"):
        application.put_on_board(app, app.parent / "out")


def test_where_nothing_can_be_built_it_is_placed(
    app: Path, firmware: BuildResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert application.can_freeze()
    monkeypatch.setenv("PATH", str(app.parent))
    assert not application.can_freeze()
    app.write_text("print(6 * 7)\n")
    monkeypatch.setattr(application, "default_firmware", lambda: firmware.elf)
    put = application.put_on_board(app, app.parent / "out")
    assert not put.frozen
    assert Firmware(put.elf).segments[-1].data.endswith(b"print(6 * 7)\n")


def test_frozen_and_placed_do_the_same(app: Path, firmware: BuildResult, board: QuarkMachine) -> None:
    text = "import sys\nprint(sys.implementation.name, sys.version_info[:2], [n * n for n in range(5)])\n"
    board.load(placed(app, text, firmware))
    shown = until(board, b">>> ")
    board.load(build(app.parent / "frozen", app=app).elf)
    assert until(board, b">>> ") == shown
    assert ask(board, "1 + 1") == "2"


@pytest.mark.parametrize("path", ["/dev/zero", "/"])
def test_what_is_no_file_is_not_read(path: str) -> None:
    with pytest.raises(UserError, match="is no Python file that a board could hold"):
        application.check(Path(path))


def test_what_no_board_could_hold_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "main.py").open("wb") as file:
        file.truncate(application.LARGEST + 1)
    with pytest.raises(UserError, match="is no Python file that a board could hold"):
        application.check(tmp_path / "main.py")
