from __future__ import annotations

import threading
from pathlib import Path

from emulation.firmware.lock import folder_lock


def test_a_second_holder_waits_and_says_so(tmp_path: Path) -> None:
    waiting = threading.Event()
    order: list[str] = []

    def second() -> None:
        with folder_lock(tmp_path, lambda _text: waiting.set()):
            order.append("second")

    with folder_lock(tmp_path, lambda _text: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]


def test_the_folder_is_made(tmp_path: Path) -> None:
    with folder_lock(tmp_path / "a" / "b", lambda _text: None):
        assert (tmp_path / "a" / "b").is_dir()
