"""Incremental check of UTF-8 (RFC 3629), which RFC 6455 section 8.1 demands of text.

MicroPython's own decoder lets overlong forms, surrogates and stray continuation bytes pass, and CPython's
incremental one does not exist there; so both interpreters use this one.
"""

_CHUNK = 256


class Utf8Checker:
    """Takes bytes piece by piece; the text may be cut anywhere, within a character too."""

    def __init__(self) -> None:
        self._missing = 0  # continuation bytes that the current character still lacks
        self._low = 0x80  # bounds of the next continuation byte
        self._high = 0xBF

    @property
    def complete(self) -> bool:
        """Whether the bytes so far end with a whole character."""
        return self._missing == 0

    def feed(self, data: "bytes | bytearray", start: int, end: int) -> bool:
        """Whether `data[start:end]` may follow what came before."""
        while start < end:
            stop = min(start + _CHUNK, end)
            if self._missing or not _is_ascii(data, start, stop):
                for index in range(start, stop):
                    if not self._next(data[index]):
                        return False
            start = stop
        return True

    def _next(self, byte: int) -> bool:
        if self._missing:
            if not self._low <= byte <= self._high:
                return False
            self._missing -= 1
            self._low = 0x80
            self._high = 0xBF
            return True
        if byte < 0x80:
            return True
        # RFC 3629 section 4: the second byte's bounds exclude overlong forms, surrogates, and beyond
        # U+10FFFF.
        if 0xC2 <= byte <= 0xDF:
            self._missing = 1
        elif 0xE0 <= byte <= 0xEF:
            self._missing = 2
            if byte == 0xE0:
                self._low = 0xA0
            elif byte == 0xED:
                self._high = 0x9F
        elif 0xF0 <= byte <= 0xF4:
            self._missing = 3
            if byte == 0xF0:
                self._low = 0x90
            elif byte == 0xF4:
                self._high = 0x8F
        else:
            return False
        return True


_HIGH_BITS = int.from_bytes(b"\x80" * _CHUNK, "little")


def _is_ascii(data: "bytes | bytearray", start: int, end: int) -> bool:
    return not int.from_bytes(data[start:end], "little") & _HIGH_BITS


def is_utf8(data: "bytes | bytearray") -> bool:
    """Whether `data` is well-formed UTF-8."""
    checker = Utf8Checker()
    return checker.feed(data, 0, len(data)) and checker.complete
