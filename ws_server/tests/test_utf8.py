"""RFC 3629, with CPython's strict decoder as the oracle: the check in Python, and the one chosen here."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ws_server import compat, utf8
from ws_server.tests import tables

Check = Callable[[int, bytes | bytearray, int, int], int]
CHECKS: list[Check] = [utf8.check_utf8, compat.check_utf8]


def is_utf8(data: bytes | bytearray) -> bool:
    verdicts = {check(0, data, 0, len(data)) == 0 for check in CHECKS}
    assert len(verdicts) == 1, "the two checks do not agree"
    return verdicts.pop()


def oracle(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("data", tables.GOOD_UTF8, ids=lambda data: data[:8].hex() or "empty")
def test_good(data: bytes) -> None:
    assert oracle(data)
    assert is_utf8(data)


@pytest.mark.parametrize("data", tables.BAD_UTF8, ids=lambda data: data[:8].hex())
def test_bad(data: bytes) -> None:
    assert not oracle(data)
    assert not is_utf8(data)


def test_every_sequence_of_two_bytes() -> None:
    for pair in itertools.product(range(256), repeat=2):
        assert is_utf8(bytes(pair)) == oracle(bytes(pair)), pair


@pytest.mark.parametrize("lead", [0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5])
def test_every_second_byte_after_a_lead(lead: int) -> None:
    for second in range(256):
        for rest in (b"\x80", b"\x80\x80"):
            data = bytes((lead, second)) + rest
            assert is_utf8(data) == oracle(data), data.hex()


@given(st.binary(max_size=40))
@pytest.mark.rfc6455("8.1-utf8")
def test_any_bytes(data: bytes) -> None:
    assert is_utf8(data) == oracle(data)


@given(st.text(max_size=600), st.lists(st.integers(0, 2000), max_size=6))
@pytest.mark.rfc6455("8.1-utf8")
def test_text_may_be_cut_anywhere(text: str, cuts: list[int]) -> None:
    data = text.encode("utf-8", "ignore")
    borders = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for check in CHECKS:
        state = 0
        for start, end in itertools.pairwise(borders):
            state = check(state, data, start, end)
            assert state >= 0
        assert state == 0


@given(st.binary(max_size=12), st.integers(0, 12))
@pytest.mark.rfc6455("8.1-utf8")
def test_both_checks_agree_on_every_state(data: bytes, cut: int) -> None:
    cut = min(cut, len(data))
    states = [check(0, data, 0, cut) for check in CHECKS]
    assert states[0] == states[1]
    if states[0] >= 0:
        assert len({check(states[0], data, cut, len(data)) for check in CHECKS}) == 1


@given(st.text(min_size=1, max_size=300), st.integers(0, 2000), st.sampled_from([0x80, 0xC0, 0xFF]))
def test_a_wrong_byte_is_found_wherever_it_is(text: str, place: int, wrong: int) -> None:
    data = bytearray(text.encode("utf-8", "ignore"))
    data.insert(place % (len(data) + 1), wrong)
    assert is_utf8(data) == oracle(bytes(data))
