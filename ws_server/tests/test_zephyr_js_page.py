"""The examples of docs/zephyr_js.md are one program; it runs as printed, on a port of its own."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ws_server import WebSocketConnection, WebSocketServer

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "zephyr_js.md").read_text(encoding="utf-8")


def program() -> str:
    text = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    assert text.count("port=8080") == 1
    return text.replace("port=8080", "port=0")


def test_the_program_prints_and_sends_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(program(), names)
    server: WebSocketServer = names["server"]

    async def scenario() -> None:
        async with server:
            offer = [Subprotocol("first"), Subprotocol("my_ws_protocol")]
            async with connect(f"ws://127.0.0.1:{server.port}/", subprotocols=offer) as client:
                assert client.subprotocol == "my_ws_protocol"
                await client.send("Hello")
                assert await client.recv() == "Got Hello"
                await (await client.ping(b"are you there"))
                await client.close(1001, "away")

    asyncio.run(asyncio.wait_for(scenario(), 10))
    assert capsys.readouterr().out.splitlines() == [
        "listening ['connection']",
        "CONNECTION my_ws_protocol 1",
        "MESSAGE: Hello",
        "PONG: b'PING'",
        "close event: away code: 1001",
    ]


def test_every_name_on_the_page_exists() -> None:
    members = (
        set(dir(WebSocketServer)) | set(dir(WebSocketConnection)) | {"clients", "port", "remote_address"}
    )
    named = set(re.findall(r"`(?:conn|server)\.(\w+)", PAGE))
    emitter = PAGE[PAGE.index("## EventEmitter") : PAGE.index("```python\nserver.once")]
    named |= {name for name in re.findall(r"`(\w+)`", emitter) if name == name.lower()}
    assert named >= {"send", "ping", "pong", "clients", "terminate", "set_max_listeners"}
    assert named <= members
