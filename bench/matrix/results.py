"""Results as they come, one JSON line each: a run that is stopped keeps what it has, and can go on later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from bench.matrix.runner import Result
from emulation.errors import UserError

HEADER = "matrix"
"""The key of the first line, which says what firmware the results are of."""


class Results:
    """The file of results. With `resume`, those it holds of the same firmware count; else it starts anew.

    Raises UserError for a file that cannot be written, or that holds results of another firmware.
    """

    def __init__(self, path: Path, firmware: str, *, resume: bool = False) -> None:
        self.path = path
        self.done: dict[str, Result] = {}
        self._begins_with: dict[str, object] | None = None
        header: dict[str, object] = {HEADER: {"firmware": firmware}}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if resume and path.exists():
                found, self.done = read(path)
                if found != firmware:
                    raise UserError(
                        f"{path} holds results of another firmware",
                        "run without --resume, or with the firmware it began with",
                    )
                _cut_unfinished(path)
            else:
                self._begins_with = header
            self._file: TextIO = path.open("a", encoding="utf-8")
            if self._begins_with and not path.stat().st_size:
                self._begin()
        except OSError as error:
            raise UserError(
                f"cannot write the results to {path}: {error.strerror}", "choose a folder with --report"
            ) from None

    def add(self, results: Iterable[Result]) -> None:
        """Keep results, and have them on disk before this returns."""
        for result in results:
            self._begin()
            self.done[result.case] = result
            self._write({"case": result.case, "problems": result.problems, "departures": result.departures})
        self._file.flush()

    def _begin(self) -> None:
        """Start anew, now that there is something: a run that comes to nothing leaves what was found last."""
        if self._begins_with is not None:
            self._file.truncate(0)
            self._write(self._begins_with)
            self._begins_with = None

    def _write(self, record: object) -> None:
        self._file.write(json.dumps(record) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Results:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(path: Path) -> tuple[str, dict[str, Result]]:
    """The firmware and the results of a file; a last line that was not finished is left out.

    Raises UserError for a file that is none of results.
    """
    firmware, results = "", {}
    for number, record in enumerate(_records(path)):
        if number == 0 and isinstance(record.get(HEADER), dict):
            firmware = str(record[HEADER].get("firmware", ""))
            continue
        try:
            result = Result(str(record["case"]), tuple(record["problems"]), tuple(record["departures"]))
        except (KeyError, TypeError):
            raise _foreign(path) from None
        results[result.case] = result
    return firmware, results


def _records(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        if not line.endswith("\n"):
            return
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise _foreign(path)
        yield record


def _foreign(path: Path) -> UserError:
    return UserError(f"{path} is not a file of results", "run without --resume to begin a new one")


def _cut_unfinished(path: Path) -> None:
    content = path.read_bytes()
    if content and not content.endswith(b"\n"):
        path.write_bytes(content[: content.rfind(b"\n") + 1])
