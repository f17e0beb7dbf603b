"""Incremental check of UTF-8 (RFC 3629), which RFC 6455 section 8.1 demands of text.

In pure Python; `compat` may have something faster. MicroPython's own decoder lets overlong forms, surrogates
and stray continuation bytes pass.
"""

_CHUNK = 128

# What may come next, by state: continuation bytes that the character still lacks, bounds of the next one.
# RFC 3629 section 4: the bounds of the second byte exclude overlong forms, surrogates, and what is beyond
# U+10FFFF.
_STATES = (
    (0, 0x80, 0xBF),
    (1, 0x80, 0xBF),
    (2, 0x80, 0xBF),
    (3, 0x80, 0xBF),
    (2, 0xA0, 0xBF),  # after E0
    (2, 0x80, 0x9F),  # after ED
    (3, 0x90, 0xBF),  # after F0
    (3, 0x80, 0x8F),  # after F4
)


def check_utf8(state: int, data: "bytes | bytearray", start: int, end: int) -> int:
    """Whether `data[start:end]` may follow what led to `state`: the state it leads to, or -1.

    State 0 is before, between and after whole characters; the text may be cut anywhere.
    """
    while start < end:
        stop = min(start + _CHUNK, end)
        if state or not _is_ascii(data, start, stop):
            state = _check(state, data, start, stop)
            if state < 0:
                break
        start = stop
    return state


def _check(state: int, data: "bytes | bytearray", start: int, end: int) -> int:
    missing, low, high = _STATES[state]
    # One long loop: a call for each byte would take MicroPython four times as long.
    for index in range(start, end):
        byte = data[index]
        if missing:
            if byte < low or byte > high:
                return -1
            missing -= 1
            low = 0x80
            high = 0xBF
        elif byte >= 0x80:
            if byte < 0xC2 or byte > 0xF4:
                return -1
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
    return _STATES.index((missing, low, high))


_HIGH_BITS = int.from_bytes(b"\x80" * _CHUNK, "little")


def _is_ascii(data: "bytes | bytearray", start: int, end: int) -> bool:
    """Whether all of `data[start:end]`, 128 bytes at most, is below 0x80."""
    return not int.from_bytes(data[start:end], "little") & _HIGH_BITS
