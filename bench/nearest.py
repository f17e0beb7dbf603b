"""What somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, None if none is known or nothing is alike."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)), None)
