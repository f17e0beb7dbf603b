"""A suite may boot an application of its own, for one test."""

from __future__ import annotations

from pathlib import Path

from bench.board import DEFAULT_FIRMWARE
from bench.tests.test_robot import CONCLUDING, ECHO, run

APPLICATION = """\
import asyncio
from ws_server.samples import echo
server = echo.make_server(8080, host="::", max_payload=10)
async def serve():
    await server.start()
    print("short messages: listening")
    await server.wait_closed()
asyncio.run(serve())
"""

SUITE = (
    CONCLUDING
    + """\
Another Application
    Boot Application    ${CURDIR}/short.py
    Open WebSocket
    Send Masked Text    0123456789
    Text Should Arrive    0123456789
    Send Masked Text    0123456789a
    Connection Should Be Closed With    1009

"""
    + ECHO.format(name="The usual one again")
)


def test_an_application_is_for_one_test_only(tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text(APPLICATION)
    result = run(tmp_path, SUITE)
    assert result.status == 0, result.out + result.err
    capture = result.captures()["own/another_application.pcapng"]
    assert b"application short.py" in capture
    assert b"0123456789" in capture
    assert b"short.py" not in result.captures()["own/the_usual_one_again.pcapng"]


def test_an_application_that_is_not_there_fails_its_test_and_says_what_to_do(tmp_path: Path) -> None:
    result = run(tmp_path, SUITE)
    assert result.status == 1
    status, message = result.results()["Another Application"]
    assert status == "FAIL"
    assert "there is no application at" in message
    assert "give the main.py" in message
    assert result.results()["The usual one again"][0] == "PASS"


def test_with_a_firmware_of_the_users_own_such_a_test_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "short.py").write_text(APPLICATION)
    result = run(tmp_path, SUITE, "--firmware", DEFAULT_FIRMWARE)
    assert result.status == 0, result.out + result.err
    status, message = result.results()["Another Application"]
    assert status == "SKIP"
    assert "application of its own" in message
