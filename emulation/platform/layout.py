"""The layout of a platform description: indentation becomes braces and semicolons, comments become blanks.

A description may be written in braces, in indentation, or both: indentation counts only outside braces.
Everything that is inserted goes to the END of a line, and comments are overwritten rather than removed, so
that line and column of all that the author wrote stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from emulation.platform.model import Location, PlatformError

INDENT = 4
_TRIPLE = "'''"


@dataclass
class _Scan:
    """The source with comments blanked out, and what is known about each of its lines."""

    lines: list[str] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    """Braces open at the end of the line."""
    in_string: list[bool] = field(default_factory=list)
    """Whether the line begins inside a string of several lines."""


def apply_layout(source: str, path: Path) -> str:
    """`source` with braces and semicolons in place of its indentation. Raises PlatformError."""
    scan = _scan(source.replace("\r", ""), path)
    result = list(scan.lines)
    previous: int | None = None
    level = 0
    for number, line in enumerate(scan.lines):
        if not line.strip() and not scan.in_string[number]:
            continue
        outside = previous is None or (scan.depth[previous] <= 0 and not scan.in_string[number])
        if outside:
            new = _level(line, number, path)
            if previous is None:
                level_wanted = 0
            else:
                level_wanted = level + 1
                result[previous] += "{" if new > level else "}" * (level - new) + ";"
            if new > level_wanted:
                raise PlatformError(
                    Location(path, number + 1, 1),
                    f"indented by {new * INDENT} spaces where at most {level_wanted * INDENT} make sense",
                    "an entry starts at the left margin, its attributes four spaces to the right of it",
                )
            level = new
        previous = number
    if previous is not None:
        result[previous] += "}" * level
    return "\n".join(result)


def _level(line: str, number: int, path: Path) -> int:
    indent = len(line) - len(line.lstrip())
    if "\t" in line[:indent]:
        where = Location(path, number + 1, line.index("\t") + 1)
        raise PlatformError(where, "a tab in the indentation", f"indent with {INDENT} spaces a level")
    if indent % INDENT:
        raise PlatformError(
            Location(path, number + 1, indent + 1),
            f"indented by {indent} spaces",
            f"use a multiple of {INDENT}",
        )
    return indent // INDENT


def _scan(source: str, path: Path) -> _Scan:
    scan = _Scan(in_string=[False])
    text: list[str] = []
    depth = 0
    position = 0
    line_start = 0

    def here() -> Location:
        return Location(path, len(scan.lines) + 1, position - line_start + 1)

    def end_line(in_string: bool) -> None:
        nonlocal line_start
        scan.lines.append("".join(text))
        scan.depth.append(depth)
        scan.in_string.append(in_string)
        text.clear()
        line_start = position + 1

    while position < len(source):
        character = source[position]
        if character == "\n":
            end_line(in_string=False)
            position += 1
        elif source.startswith(_TRIPLE, position):
            end = _string_end(source, position, _TRIPLE, here())
            while position < end:
                if source[position] == "\n":
                    end_line(in_string=True)
                else:
                    text.append(source[position])
                position += 1
        elif character == '"':
            end = _string_end(source, position, '"', here())
            text.append(source[position:end])
            position = end
        elif source.startswith("//", position) and (not text or text[-1] == " "):
            while position < len(source) and source[position] != "\n":
                position += 1
        elif source.startswith("/*", position):
            start = here()
            close = source.find("*/", position + 2)
            if close < 0:
                raise PlatformError(start, "a comment that is never closed", "close it with */")
            first = not "".join(text).strip()
            lines_before = len(scan.lines)
            while position < close + 2:
                if source[position] == "\n":
                    end_line(in_string=False)
                else:
                    text.append(" ")
                position += 1
            rest = source[position:].split("\n", 1)[0]
            if depth == 0 and (first or len(scan.lines) > lines_before) and rest.strip():
                raise PlatformError(
                    here(), "text after a comment", "where indentation counts, start a new line"
                )
        else:
            depth += {"{": 1, "}": -1}.get(character, 0)
            text.append(character)
            position += 1
    end_line(in_string=False)
    return scan


def _string_end(source: str, start: int, quote: str, where: Location) -> int:
    """Position after the closing quote of the string that opens at `start`."""
    position = start + len(quote)
    while position < len(source):
        if source[position] == "\\":
            position += 2
        elif source.startswith(quote, position):
            return position + len(quote)
        elif source[position] == "\n" and quote == '"':
            break
        else:
            position += 1
    raise PlatformError(where, "a string that is never closed", f"close it with {quote}")
