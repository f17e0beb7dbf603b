"""Files are written whole or not at all, and what is no file stays what it is."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bench.files import write_whole
from emulation.errors import UserError


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.txt"
    write_whole(path, "first", "")
    write_whole(path, "second", "")
    assert path.read_text() == "second"
    assert [each.name for each in path.parent.iterdir()] == ["file.txt"]


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    # By a link: a wrong implementation must not replace the machine's own.
    null = tmp_path / "null"
    null.symlink_to(os.devnull)
    write_whole(null, "text", "")
    assert null.is_symlink()


def test_a_pipe_gets_the_text(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()), daemon=True)
    reader.start()
    write_whole(pipe, "text", "")
    reader.join(30)
    assert got == ["text"]
    assert pipe.is_fifo()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        write_whole(tmp_path, "text", "")
    assert tmp_path.is_dir()
