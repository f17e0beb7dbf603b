"""Masking of payloads (RFC 6455 section 5.3): XOR with a four byte key, in place.

Measured with MicroPython 1.25 on 4096 bytes: byte by byte 298 us, four bytes a turn 166 us, XOR of big
integers over chunks of 64 bytes 48 us, of 256 bytes 20 us, of 512 bytes the same. Big integers cost garbage,
12 KB for these 4096 bytes in chunks of 256, at most 1 KB of it alive at once. Up to 24 bytes the plain loop
is faster and costs none.
"""

_CHUNK = 256
_SHORT = 24


def apply_mask(data: bytearray, start: int, end: int, key: "bytes | bytearray", phase: int = 0) -> None:
    """XOR `data[start:end]` with `key`; `phase` is the offset of the first of them in the payload."""
    if end - start <= _SHORT:
        phase -= start
        for index in range(start, end):
            data[index] ^= key[(index + phase) & 3]
        return
    phase &= 3
    turned = bytes(key[phase:]) + bytes(key[:phase])
    if turned == b"\0\0\0\0":
        return
    pattern = 0
    size = 0
    while start < end:
        if end - start < _CHUNK or not size:
            size = min(_CHUNK, end - start)
            pattern = int.from_bytes((turned * ((size + 3) >> 2))[:size], "little")
        stop = start + size
        data[start:stop] = (int.from_bytes(data[start:stop], "little") ^ pattern).to_bytes(size, "little")
        start = stop
