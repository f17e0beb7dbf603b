"""Buffers in which messages grow, and the messages they become.

In pure Python; `compat` may have something that copies less.
"""


def make_room(buffer: "bytearray | None", length: int, more: int = 0) -> bytearray:
    """Return `buffer`, or a new one for None, with `length` more bytes at its end. Raises MemoryError.

    `more` is a hint: the buffer may grow by so many bytes later on, and then should not have to move.
    """
    if buffer is None:
        return bytearray(length)
    buffer.extend(bytes(length))
    return buffer


def take_bytes(buffer: bytearray) -> bytes:
    """Return what is in `buffer`; nobody may use that any more. Raises MemoryError; nothing is lost then."""
    return bytes(buffer)


def take_text(buffer: bytearray) -> str:
    """Return what is in `buffer`, well-formed UTF-8; otherwise like `take_bytes`."""
    return str(buffer, "utf-8")
