"""Every row of the tables, in one piece, byte by byte, and in pieces that cut headers and keys."""

import pytest

from ws_server.tests import judge, tables

SIZES = [1, 2, 3, 7, 65536]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("data", "events"), [row[1:] for row in tables.GOOD], ids=[row[0] for row in tables.GOOD]
)
def test_good_frames(data: bytes, events: list[tuple[object, ...]], size: int) -> None:
    judge.good(data, events, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("data", "code", "section"), [row[1:] for row in tables.BAD], ids=[row[0] for row in tables.BAD]
)
def test_bad_frames(data: bytes, code: int, section: str, size: int) -> None:
    judge.bad(data, code, section, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("data", "protocols"),
    [row[1:] for row in tables.GOOD_REQUESTS],
    ids=[row[0] for row in tables.GOOD_REQUESTS],
)
def test_good_requests(data: bytes, protocols: list[str], size: int) -> None:
    judge.good_request(data, protocols, size)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("data", "status"), [row[1:] for row in tables.BAD_REQUESTS], ids=[row[0] for row in tables.BAD_REQUESTS]
)
def test_bad_requests(data: bytes, status: int, size: int) -> None:
    judge.bad_request(data, status, size)
