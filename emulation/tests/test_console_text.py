"""What a guest prints must not work on the terminal of whoever watches it."""

from __future__ import annotations

import pytest

from emulation.console_text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain\n\ttext", "plain\n\ttext"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\0\b\r\x7f", r"\x00\x08\x0d\x7f"),
        ("line\r\nline\rline", "line\nline\\x0dline"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe\u2028", r"\u202egnp.exe\u2028"),
        ("\U000e0041", r"\U000e0041"),
        ("Grüße, 世界 \u00a0\ufffd", "Grüße, 世界 \u00a0\ufffd"),
        (r"\x1b", r"\x1b"),
    ],
)
def test_what_controls_is_shown_and_the_rest_left(text: str, shown: str) -> None:
    assert printable(text) == shown
