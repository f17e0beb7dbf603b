"""What a mutant is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.mutants.edits import DoesNotApply, Edit


@dataclass(frozen=True)
class Mutant:
    """A defect, and who is to notice."""

    name: str
    """Words joined by hyphens."""
    wrong: str
    """What the firmware does wrong, as a clause: `text is not checked to be UTF-8`."""
    edits: Sequence[Edit]
    tests: Sequence[str]
    """The tests whose names say what is wrong, as pytest names them: `packet_tests/test_x.py::test_y`."""

    def overrides(self, read: Callable[[str], str]) -> dict[str, str]:
        """The text of each source it changes, by name; `read` gives the right one. Raises DoesNotApply."""
        texts: dict[str, str] = {}
        for edit in self.edits:
            right = texts.get(edit.source) or read(edit.source)
            texts[edit.source] = edit.apply(right)
        for name, text in texts.items():
            if text == read(name):
                raise DoesNotApply(f"{name} reads as before")
        return texts


@dataclass(frozen=True)
class Family:
    """Mutants of one part."""

    title: str
    about: str
    """A sentence or two for the reader of the table."""
    mutants: Sequence[Mutant]
