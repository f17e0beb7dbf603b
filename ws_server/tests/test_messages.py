"""Close frames (RFC 6455 sections 5.5.1 and 7.4)."""

import pytest

from ws_server.errors import ProtocolError
from ws_server.messages import ABNORMAL, NO_STATUS, Close, close_payload, is_close_code, parse_close
from ws_server.tests import tables


@pytest.mark.parametrize("code", tables.GOOD_CLOSE_CODES)
@pytest.mark.rfc6455("7.4.2-ranges")
def test_codes_that_may_be_sent(code: int) -> None:
    assert is_close_code(code)
    assert parse_close(close_payload(code, "why")) == Close(code, "why")


@pytest.mark.parametrize("code", [0, 999, 1004, ABNORMAL, 1015, 1016, 2999, 5000, 65535])
@pytest.mark.rfc6455("7.4.1-reserved", "7.4.2-ranges")
def test_codes_that_may_not_be_sent(code: int) -> None:
    assert not is_close_code(code)
    with pytest.raises(ValueError, match=f"close code {code} may not be sent"):
        close_payload(code)
    with pytest.raises(ProtocolError) as caught:
        parse_close(code.to_bytes(2, "big"))
    assert caught.value.code == 1002


def test_no_code_is_an_empty_payload() -> None:
    assert close_payload(NO_STATUS) == b""
    assert parse_close(b"") == Close(NO_STATUS, "")


@pytest.mark.rfc6455("5.5-length")
def test_reason_fills_the_control_frame_and_no_more() -> None:
    assert len(close_payload(1000, "x" * 123)) == 125
    with pytest.raises(ValueError, match="124 bytes, 123 fit"):
        close_payload(1000, "x" * 124)


def test_reason_is_counted_in_bytes() -> None:
    with pytest.raises(ValueError, match="123 fit"):
        close_payload(1000, "\u20ac" * 42)
