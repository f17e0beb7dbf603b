"""What somebody may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

SLIP = 0.6
"""As much alike are a name and what a slip of the finger makes of it."""


def nearest(name: str, known: Iterable[str], alike: float = 0.0) -> str | None:
    """The known name that is most like `name`, None if none is known or so much `alike` (0 to 1)."""
    return next(iter(difflib.get_close_matches(name, list(known), n=1, cutoff=alike)), None)
