"""Incremental check of UTF-8 (RFC 3629), which RFC 6455 section 8.1 demands of text.

MicroPython's own decoder lets overlong forms, surrogates and stray continuation bytes pass, and CPython's
incremental one does not exist there; so both interpreters use this one.
"""

_CHUNK = 128


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
            if (self._missing or not is_ascii(data, start, stop)) and not self._check(data, start, stop):
                return False
            start = stop
        return True

    def _check(self, data: "bytes | bytearray", start: int, end: int) -> bool:
        missing = self._missing
        low = self._low
        high = self._high
        # One long loop: a call for each byte would take MicroPython four times as long.
        for index in range(start, end):
            byte = data[index]
            if missing:
                if byte < low or byte > high:
                    return False
                missing -= 1
                low = 0x80
                high = 0xBF
            elif byte >= 0x80:
                # RFC 3629 section 4: the bounds of the second byte exclude overlong forms, surrogates, and
                # what is beyond U+10FFFF.
                if byte < 0xC2 or byte > 0xF4:
                    return False
                if byte < 0xE0:
                    missing = 1
                elif byte < 0xF0:
                    missing = 2
                    if byte == 0xE0:
                        low = 0xA0
                    elif byte == 0xED:
                        high = 0x9F
                else:
                    missing = 3
                    if byte == 0xF0:
                        low = 0x90
                    elif byte == 0xF4:
                        high = 0x8F
        self._missing = missing
        self._low = low
        self._high = high
        return True


_HIGH_BITS = int.from_bytes(b"\x80" * _CHUNK, "little")


def is_ascii(data: "bytes | bytearray", start: int, end: int) -> bool:
    """Whether all of `data[start:end]`, 128 bytes at most, is below 0x80."""
    return not int.from_bytes(data[start:end], "little") & _HIGH_BITS


def is_utf8(data: "bytes | bytearray") -> bool:
    """Whether `data` is well-formed UTF-8."""
    checker = Utf8Checker()
    return checker.feed(data, 0, len(data)) and checker.complete
