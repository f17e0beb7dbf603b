"""What the guest prints, made safe to show: a firmware must not steer the terminal of who tests it."""

from __future__ import annotations

LAYOUT = "\n\t"
"""Control characters that stay: they only say where the text goes on."""


def printable(text: str) -> str:
    """The text with escapes, as Python writes them, for all that is not to be seen but steers a terminal.

    Line ends and tabs stay; a line end may have a carriage return, which goes.
    """
    text = text.replace("\r\n", "\n")
    return "".join(c if c.isprintable() or c in LAYOUT else repr(c)[1:-1] for c in text)
