"""`micropython ws_server/tests/on_micropython.py`, in the project's folder: the tables on MicroPython."""

import sys

sys.path.insert(0, ".")

from ws_server.handshake import accept_key
from ws_server.masking import apply_mask
from ws_server.tests import judge, tables
from ws_server.utf8 import is_utf8

SIZES = (1, 3, 65536)
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
    """apply_mask does the same as the definition of RFC 6455 section 5.3."""
    data = bytearray([n * 7 & 0xFF for n in range(length)])
    expected = bytes(
        [data[i] if i < start else data[i] ^ tables.KEY[(i - start + 1) % 4] for i in range(length)]
    )
    apply_mask(data, start, length, tables.KEY, 1)
    equal(bytes(data), expected)


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
check("accept key", equal, accept_key(tables.SAMPLE_KEY), tables.SAMPLE_ACCEPT)

for line in failed:
    print("FAILED", line)
print(f"{count} cases, {len(failed)} failed, on {sys.implementation.name} {sys.implementation.version}")
sys.exit(1 if failed else 0)
