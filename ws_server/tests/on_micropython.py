"""`micropython ws_server/tests/on_micropython.py`, in the project's folder: the tables on MicroPython.

With the argument `pure`, without the native functions of the firmware (see `ws_server.compat`).
"""

import asyncio
import random
import sys

sys.path.insert(0, ".")
if "pure" in sys.argv:
    sys.modules["_ws_native"] = object()  # type: ignore[assignment]  # nothing can be imported from it

from ws_server import compat, masking, utf8
from ws_server.handshake import accept_key
from ws_server.tests import judge, tables

SIZES = (1, 3, 65536)
BYTES = bytes(range(256))
EDGES = bytes((0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF))
EDGES += bytes((0xF0, 0xF1, 0xF4, 0xF5))
failed: list[str] = []
count = 0


def check(name: str, judged: object, *row: object) -> None:
    """Run one row, note how it went."""
    global count
    count += 1
    try:
        judged(*row)  # type: ignore[operator]  # there is no Callable to import on MicroPython
    except AssertionError as error:
        failed.append(f"{name}: {error}")


def equal(got: object, expected: object) -> None:
    """Fail if they differ."""
    assert got == expected, f"expected {expected!r}, got {got!r}"


def mask(length: int, start: int) -> None:
    """copy_masked does the same as the definition of RFC 6455 section 5.3."""
    data = bytearray([n * 7 & 0xFF for n in range(length)])
    expected = bytes(
        [data[i] if i < start else data[i] ^ tables.KEY[(i - start + 1) % 4] for i in range(length)]
    )
    for copy_masked in (masking.copy_masked, compat.copy_masked):
        masked = bytearray(data)
        copy_masked(masked, start, masked, start, length, tables.KEY, 1)
        equal(bytes(masked), expected)


def random_bytes(count: int, kinds: bytes) -> bytes:
    return bytes([random.choice(kinds) for _ in range(count)])


def same_masking() -> None:
    """The two implementations agree on whatever they are asked for."""
    data = random_bytes(random.randint(0, 700), BYTES)
    start = random.randint(0, len(data))
    end = random.randint(start, len(data))
    at = random.randint(0, 9)
    key = random_bytes(4, BYTES)
    phase = random.randint(0, 9)
    targets = (bytearray(at + len(data) + 3), bytearray(at + len(data) + 3))
    masking.copy_masked(targets[0], at, data, start, end, key, phase)
    compat.copy_masked(targets[1], at, data, start, end, key, phase)
    equal(targets[1], targets[0])


def same_states() -> None:
    """The two checks of UTF-8 agree in every state."""
    data = random_bytes(6, EDGES)
    state = random.randint(0, 7)
    start = random.randint(0, 3)
    end = random.randint(start, 6)
    equal(compat.check_utf8(state, data, start, end), utf8.check_utf8(state, data, start, end))


def grown(sizes: tuple[int, ...], more: int) -> None:
    """A buffer that grew in steps becomes a message of them all."""
    for text in (False, True):
        buffer = None
        expected = b""
        for size in sizes:
            piece = random_bytes(size, b"abcdefgh")
            buffer = compat.make_room(buffer, size, more)
            buffer[len(expected) :] = piece
            expected += piece
        assert buffer is not None
        if text:
            equal(compat.take_text(buffer), str(expected, "utf-8"))
        else:
            equal(compat.take_bytes(buffer), expected)


def is_utf8(data: bytes) -> bool:
    """What the check in pure Python and the one chosen here say."""
    good = utf8.check_utf8(0, data, 0, len(data)) == 0
    equal(compat.check_utf8(0, data, 0, len(data)) == 0, good)
    return good


def no_memory(*arguments: object) -> None:
    raise MemoryError


async def accept_without_memory() -> None:
    """No memory for one connection: it is closed, the next one is served."""
    served: list[int] = []

    async def serve(reader: compat.Reader, writer: compat.Writer) -> None:
        served.append(1)
        await compat.close_stream(writer)

    for port in range(20000, 60000, 997):
        try:
            listener, _ = await compat.listen(serve, "127.0.0.1", port, 5)
            break
        except OSError:  # in use
            pass
    for expected, reader in (([], no_memory), ([1], compat.Reader)):
        compat.Reader = reader  # type: ignore[assignment]
        client, writer = await asyncio.open_connection("127.0.0.1", port)
        equal(await asyncio.wait_for(client.read(1), 10), b"")
        writer.close()
        equal(served, expected)
    listener.close()


random.seed(1)
for size in SIZES:
    for name, data, events in tables.GOOD:
        check(name, judge.good, data, events, size)
    for name, data, code, section in tables.BAD:
        check(name, judge.bad, data, code, section, size)
    for name, data, protocols in tables.GOOD_REQUESTS:
        check(name, judge.good_request, data, protocols, size)
    for name, data, status in tables.BAD_REQUESTS:
        check(name, judge.bad_request, data, status, size)
for data in tables.GOOD_UTF8:
    check("UTF-8", equal, is_utf8(data), True)
for data in tables.BAD_UTF8:
    check("not UTF-8", equal, is_utf8(data), False)
for length in (5, 24, 25, 26, 27, 28, 255, 256, 257, 511, 512, 513, 1000):
    for start in (0, 1, 2, 3, 4):
        check("mask", mask, length, start)
for _ in range(2000):
    check("masking", same_masking)
    check("UTF-8 states", same_states)
for sizes in ((0,), (1,), (15,), (16,), (17,), (1000,), (0, 5), (5, 0), (16, 16, 16), (1, 2, 3), (500, 4000)):
    for more in (0, 1, 40, 3000):
        check("grown", grown, sizes, more)
check("accept key", equal, accept_key(tables.SAMPLE_KEY), tables.SAMPLE_ACCEPT)
check("accept without memory", asyncio.run, accept_without_memory())

for line in failed:
    print("FAILED", line)
variant = "pure" if compat.copy_masked is masking.copy_masked else "native"
print(f"{count} cases, {len(failed)} failed, {variant}, on {sys.implementation.name} {sys.version}")
sys.exit(1 if failed else 0)
