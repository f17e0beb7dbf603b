"""Stamps: a step is up to date while the digest of its inputs is the one it was last done with."""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest(*parts: str | bytes) -> str:
    """A digest of `parts` that changes if any of them changes, or moves into its neighbour."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big"))
        total.update(data)
    return total.hexdigest()


def matches(stamp: Path, value: str) -> bool:
    """Whether `stamp` holds `value`."""
    try:
        return stamp.read_text().strip() == value
    except OSError:
        return False


def write(stamp: Path, value: str) -> None:
    """Store `value`: done last, so that a step that was cut short runs again."""
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(value + "\n")
