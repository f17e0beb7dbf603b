"""What every peripheral model is made of: a register window, interrupt lines, and state that can be saved."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar


class Line:
    """A wire: one driver, any number of listeners that are told of each change of level."""

    __slots__ = ("_listeners", "level", "name")

    def __init__(self, name: str = "", level: bool = False) -> None:
        self.name = name
        self.level = level
        self._listeners: list[Callable[[bool], None]] = []

    def connect(self, listener: Callable[[bool], None]) -> None:
        """Call `listener(level)` on each change. It is not called for the level at connection time."""
        self._listeners.append(listener)

    def set(self, level: bool) -> None:
        """Drive the wire."""
        level = bool(level)
        if level != self.level:
            self.level = level
            for listener in self._listeners:
                listener(level)


class Peripheral:
    """A block of memory-mapped registers.

    A subclass names in `STATE` the attributes that make up its state (numbers, bytes, bytearrays, lists,
    deques, dicts or dataclasses of those); `save` and `restore` do the rest. `Line` attributes are restored
    by listing them in `LINES`: their level comes back without telling the listeners, since every listener
    restores its own state too. State is restored IN PLACE for bytearrays, so that views stay valid.
    """

    SIZE: ClassVar[int] = 0x1000
    STATE: ClassVar[tuple[str, ...]] = ()
    LINES: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str) -> None:
        self.name = name
        self.on_unknown: Callable[[Peripheral, str, int, int], None] = lambda *_: None
        """Told `(peripheral, "read" | "write", offset, width)` for a register the model does not have."""

    def reset(self) -> None:
        """Power-on values."""

    def read(self, offset: int, width: int) -> int:
        """Value of `width` bytes (1, 2 or 4) at `offset`."""
        raise NotImplementedError

    def write(self, offset: int, width: int, value: int) -> None:
        """Store `width` bytes at `offset`."""
        raise NotImplementedError

    def unknown(self, kind: str, offset: int, width: int) -> int:
        """Report an unmodelled register; returns the 0 that a read gives."""
        self.on_unknown(self, kind, offset, width)
        return 0

    def save(self) -> dict[str, Any]:
        """A copy of the state."""
        state = {n: _copy(getattr(self, n)) for n in self.STATE}
        for n in self.LINES:
            state[n] = getattr(self, n).level
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Back to a saved state."""
        for n in self.STATE:
            current = getattr(self, n)
            if isinstance(current, bytearray):
                current[:] = state[n]
            else:
                setattr(self, n, _copy(state[n]))
        for n in self.LINES:
            getattr(self, n).level = state[n]


_IMMUTABLE = frozenset({int, bool, float, str, bytes, type(None)})


def _copy(value: Any) -> Any:
    """A copy that shares nothing mutable. The common containers by hand: deepcopy costs ten times as much."""
    kind = type(value)
    if kind in _IMMUTABLE:
        return value
    if kind is dict:
        return {key: _copy(item) for key, item in value.items()}
    if kind is list:
        return [_copy(item) for item in value]
    if kind is tuple:
        return tuple(_copy(item) for item in value)
    if kind is deque:
        return deque(_copy(item) for item in value)
    if kind is bytearray:
        return bytes(value)
    return copy.deepcopy(value)
