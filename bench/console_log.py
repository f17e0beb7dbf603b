"""What a console has printed, as text: decoded once, searched without looking at all of it again."""

from __future__ import annotations

import codecs
import re
from re import _constants as sre  # what a pattern can match is said nowhere else
from re import _parser
from typing import Any

LINE_FEED = ord("\n")
WITH_LINE_FEED = sre.CATEGORY_SPACE, sre.CATEGORY_NOT_DIGIT, sre.CATEGORY_NOT_WORD
ENDLESS = 1 << 16
"""Characters: a pattern that may match more than so many is as good as endless."""


class ConsoleText:
    """Text that grows; a line ends with a line feed alone, and bytes that are not UTF-8 show as U+FFFD."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing has been printed."""
        self._pieces: list[str] = []
        self._size = 0
        self._held = b""
        self.received = 0
        """Bytes that have come: a line feed after a carriage return leaves the text as long as it was."""

    def add(self, data: bytes) -> None:
        """More was printed."""
        self.received += len(data)
        data = self._held + data
        text, used = codecs.utf_8_decode(data, "replace", False)
        self._held = data[used:]
        if text.endswith("\r") and not self._held:
            text, self._held = text[:-1], b"\r"  # a line feed may follow
        text = text.replace("\r\n", "\n")
        self._pieces.append(text)
        self._size += len(text)

    @property
    def text(self) -> str:
        """All of it."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0] + self._held.decode("utf-8", "replace")

    def __len__(self) -> int:
        return self._size + len(self._held.decode("utf-8", "replace"))

    def end(self, start: int) -> str:
        """The text from a position on, without touching what is before."""
        pieces: list[str] = [self._held.decode("utf-8", "replace")]
        at = self._size
        for piece in reversed(self._pieces):
            if at <= start:
                break
            at -= len(piece)
            pieces.append(piece)
        return "".join(reversed(pieces))[max(0, start - at) :]

    def line_start(self, position: int) -> int:
        """Where the line begins in which a position is."""
        at = self._size
        for piece in reversed(self._pieces):
            at -= len(piece)
            found = piece.rfind("\n", 0, max(0, position - at))
            if found >= 0:
                return at + found + 1
        return 0


class Search:
    """Looks for a pattern in a text that grows, from the position `after` on."""

    def __init__(self, console: ConsoleText, pattern: re.Pattern[str], after: int) -> None:
        self._console, self._pattern, self._after = console, pattern, after
        self._reach = reach(pattern)
        self._seen: int | None = None
        self._received: int | None = None

    def __call__(self) -> re.Match[str] | None:
        """The first match there is, if any.

        What was looked at before is not looked at again, where the pattern tells that nothing there can
        become a match.
        """
        console, start, seen = self._console, self._after, self._seen
        if self._received == console.received:
            return None
        self._received = console.received
        if seen is not None and self._reach is not None:
            # One character more: what was held back, or the last line end, may look otherwise by now.
            near = seen - self._reach - 2 if self._reach else console.line_start(max(0, seen - 2))
            start = max(start, near)
            # With the character before: a pattern may ask what it is.
            context = console.end(max(0, start - 1))
            if self._pattern.search(context, min(start, 1)) is None:
                self._seen = len(console)
                return None
        self._seen = len(console)
        return self._pattern.search(console.text, start)


def reach(pattern: re.Pattern[str]) -> int | None:
    """How far before new text a match can begin: so many characters, 0: in the same line, None: anywhere."""
    tree = _parser.parse(pattern.pattern, pattern.flags)
    looks_around, crosses_lines = _examine(tree, pattern.flags)
    if looks_around:
        return None
    _, most = tree.getwidth()
    if most < ENDLESS:
        return max(1, int(most))
    return None if crosses_lines else 0


def _examine(tree: Any, flags: int) -> tuple[bool, bool]:
    """Whether a pattern looks beyond what it matches, and whether it can match a line feed."""
    around = crosses = False
    todo = [tree]
    while todo:
        item = todo.pop()
        if isinstance(item, _parser.SubPattern | list):
            todo.extend(item)
        elif isinstance(item, tuple) and item and item[0] in (sre.ASSERT, sre.ASSERT_NOT):
            around = True
        elif isinstance(item, tuple) and item and item[0] == sre.SUBPATTERN:
            todo.append(item[1][3])
            crosses |= bool(item[1][1] & re.DOTALL)
        elif isinstance(item, tuple) and item and item[0] in (sre.IN, sre.LITERAL, sre.NOT_LITERAL):
            crosses |= _takes_line_feed(item)
        elif isinstance(item, tuple) and item and item[0] == sre.ANY:
            crosses |= bool(flags & re.DOTALL)
        elif isinstance(item, tuple):
            todo.extend(part for part in item if isinstance(part, tuple | list | _parser.SubPattern))
    return around, crosses


def _takes_line_feed(item: tuple[Any, Any]) -> bool:
    """Whether an item of one character matches a line feed."""
    kind, value = item
    if kind == sre.LITERAL:
        return bool(value == LINE_FEED)
    if kind == sre.NOT_LITERAL:
        return bool(value != LINE_FEED)
    within = any(
        (part == sre.LITERAL and what == LINE_FEED)
        or (part == sre.RANGE and what[0] <= LINE_FEED <= what[1])
        or (part == sre.CATEGORY and what in WITH_LINE_FEED)
        for part, what in value
    )
    return bool(within != (value[0][0] == sre.NEGATE))
