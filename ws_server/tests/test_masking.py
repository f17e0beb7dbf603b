"""RFC 6455 section 5.3: octet i of the payload is XORed with octet i MOD 4 of the key."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ws_server.masking import copy_masked

keys = st.binary(min_size=4, max_size=4)


def apply_mask(data: bytearray, start: int, end: int, key: bytes, phase: int = 0) -> None:
    copy_masked(data, start, data, start, end, key, phase)


def defined(data: bytes, key: bytes, phase: int = 0) -> bytes:
    return bytes(byte ^ key[(index + phase) % 4] for index, byte in enumerate(data))


@given(st.binary(max_size=2000), keys)
@pytest.mark.rfc6455("5.3-unmask")
def test_masks_as_defined(payload: bytes, key: bytes) -> None:
    data = bytearray(payload)
    apply_mask(data, 0, len(data), key)
    assert bytes(data) == defined(payload, key)


@given(st.binary(max_size=1000), keys, st.integers(0, 1000), st.integers(0, 1000), st.integers(0, 7))
def test_masks_only_the_part_asked_for(payload: bytes, key: bytes, one: int, other: int, phase: int) -> None:
    start, end = sorted((one % (len(payload) + 1), other % (len(payload) + 1)))
    data = bytearray(payload)
    apply_mask(data, start, end, key, phase)
    assert bytes(data) == payload[:start] + defined(payload[start:end], key, phase) + payload[end:]


@given(st.binary(max_size=600), keys, st.integers(0, 600), st.integers(0, 50), st.integers(0, 7))
def test_masks_from_one_buffer_to_another(
    payload: bytes, key: bytes, start: int, at: int, phase: int
) -> None:
    start %= len(payload) + 1
    size = len(payload) - start
    target = bytearray(b"\xa5" * (at + size + 3))
    copy_masked(target, at, payload, start, len(payload), key, phase)
    assert bytes(target) == b"\xa5" * at + defined(payload[start:], key, phase) + b"\xa5" * 3


@given(st.binary(max_size=1000), keys, st.lists(st.integers(0, 1000)))
def test_pieces_with_their_phase_make_the_whole(payload: bytes, key: bytes, cuts: list[int]) -> None:
    data = bytearray(payload)
    borders = sorted({0, len(payload), *(cut % (len(payload) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(borders):
        apply_mask(data, start, end, key, start & 3)
    assert bytes(data) == defined(payload, key)


@given(st.binary(max_size=600), keys)
def test_masking_twice_is_masking_not_at_all(payload: bytes, key: bytes) -> None:
    data = bytearray(payload)
    apply_mask(data, 0, len(data), key)
    apply_mask(data, 0, len(data), key)
    assert bytes(data) == payload


@pytest.mark.parametrize("length", [0, 1, 24, 25, 255, 256, 257, 512, 513, 4096])
def test_key_of_zeros_changes_nothing(length: int) -> None:
    data = bytearray(b"\xa5" * length)
    apply_mask(data, 0, length, bytes(4))
    assert bytes(data) == b"\xa5" * length
