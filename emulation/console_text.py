"""What a board prints, made fit for a terminal: a guest's escape sequences would work on it."""

from __future__ import annotations

import unicodedata

KEPT = "\n\t"
_CONTROLLING = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""General categories (Unicode Standard, section 4.5): control and format characters, halves of surrogate
pairs, separators of lines and paragraphs."""


def printable(text: str) -> str:
    r"""The text, with what controls a terminal or reorders text shown as its number: `\x1b`, `\u202e`.

    Line ends and tabs stay; the carriage return of a line end goes.
    """
    return text if text.isprintable() else "".join(map(_shown, text.replace("\r\n", "\n")))


def _shown(character: str) -> str:
    if character in KEPT or unicodedata.category(character) not in _CONTROLLING:
        return character
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
