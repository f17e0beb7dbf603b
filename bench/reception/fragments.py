"""Puts fragments together: the checksum above IP is that of the whole packet."""

from __future__ import annotations

PACKETS = 8
"""Packets of which fragments are kept; the oldest are forgotten."""
LONGEST = 0xFFFF

Key = tuple[bytes, bytes, bytes, int]
"""Source, destination, identification, protocol (RFC 791, section 3.2; RFC 8200, section 4.5)."""


class Fragments:
    """Packets that are not whole yet."""

    def __init__(self) -> None:
        self._parts: dict[Key, dict[int, bytes]] = {}
        self._sizes: dict[Key, int] = {}

    def add(self, key: Key, offset: int, more: bool, data: bytes) -> bytes | None:
        """Take a fragment, `offset` bytes from the start; the payload of the packet once it is whole."""
        if offset + len(data) > LONGEST:
            return None
        parts = self._parts.setdefault(key, {})
        parts[offset] = data
        if not more:
            self._sizes[key] = offset + len(data)
        if len(self._parts) > PACKETS:
            self._forget(next(iter(self._parts)))
        whole = b""
        while (part := parts.get(len(whole))) is not None and part:
            whole += part
        if len(whole) != self._sizes.get(key):
            return None
        self._forget(key)
        return whole

    def _forget(self, key: Key) -> None:
        self._parts.pop(key, None)
        self._sizes.pop(key, None)
