"""Masking of payloads (RFC 6455 section 5.3): XOR with a four byte key.

In pure Python; `compat` may have something faster. Measured with MicroPython 1.25 on 4096 bytes: byte by
byte 298 us, four bytes a turn 166 us, XOR of big integers over chunks of 64 bytes 48 us, of 256 bytes 20 us,
of 512 bytes the same. Big integers cost garbage, 12 KB for these 4096 bytes in chunks of 256, at most 1 KB of
it alive at once. Up to 24 bytes the plain loop is faster and costs none.
"""

_CHUNK = 256
_SHORT = 24


def copy_masked(
    target: bytearray,
    at: int,
    data: "bytes | bytearray",
    start: int,
    end: int,
    key: "bytes | bytearray",
    phase: int,
) -> None:
    """Put `data[start:end]` XOR `key` to `target[at:]`, where there must be room for it.

    `phase` is the offset of the first byte in the payload. `target` may be `data` if `at` is `start`.
    """
    if end - start <= _SHORT:
        at -= start
        phase -= start
        for index in range(start, end):
            target[at + index] = data[index] ^ key[(phase + index) & 3]
        return
    phase &= 3
    turned = bytes(key[phase:]) + bytes(key[:phase])
    pattern = 0
    size = 0
    while start < end:
        if end - start < _CHUNK or not size:
            size = min(_CHUNK, end - start)
            pattern = int.from_bytes((turned * ((size + 3) >> 2))[:size], "little")
        masked = int.from_bytes(data[start : start + size], "little") ^ pattern
        target[at : at + size] = masked.to_bytes(size, "little")
        start += size
        at += size
