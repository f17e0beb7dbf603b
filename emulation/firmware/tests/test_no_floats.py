"""Numbers that the board cannot have are named by file and line before anything is built."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.firmware import application, no_floats
from emulation.firmware.build import DEFAULT_WS_SERVER, build

WRONG = """\
import asyncio

DELAY = 0.1
"""


@pytest.mark.parametrize("number", ["0.1", "1.", ".5", "1e3", "2j", "-0.25"])
def test_a_literal_that_is_no_whole_number_is_refused_with_its_line(tmp_path: Path, number: str) -> None:
    app = tmp_path / "main.py"
    app.write_text(WRONG.replace("0.1", number))
    with pytest.raises(UserError) as caught:
        application.check(app)
    assert caught.value.message == f"{app}, line 3: {number.lstrip('-')} is no whole number"
    assert "asyncio.sleep_ms" in caught.value.hint


def test_it_is_refused_before_anything_is_compiled_in_the_server_too(tmp_path: Path) -> None:
    app = tmp_path / "main.py"
    app.write_text(WRONG)
    with pytest.raises(UserError, match=f"{app}, line 3: 0.1"):
        build(tmp_path / "out", app=app)
    assert not (tmp_path / "out" / "ws_bench.elf").exists()
    assert not (tmp_path / "out" / "build.log").exists()
    server = tmp_path / "ws_server"
    server.mkdir()
    for path in DEFAULT_WS_SERVER.glob("*.py"):
        (server / path.name).write_text(path.read_text())
    (server / "utf8.py").write_text("HALF = 0.5\n")
    with pytest.raises(UserError, match=r"utf8\.py, line 1: 0\.5"):
        build(tmp_path / "other", ws_server=server)


def test_whole_numbers_and_what_only_looks_like_a_fraction_are_left_alone(tmp_path: Path) -> None:
    app = tmp_path / "main.py"
    app.write_text("print(1_000 // 3, 0x1e3, '0.1', b'1.5')  # 0.1\n")
    assert application.check(app)
    assert no_floats.divisions(app.read_text()) == []


def test_divisions_are_found_by_line() -> None:
    assert no_floats.divisions("a = 1\nb = a / 2\nb /= 3\nc = a // 2\n") == [2, 3]


def test_what_is_not_python_is_somebody_elses_complaint() -> None:
    assert list(no_floats.literals("def (:")) == []
