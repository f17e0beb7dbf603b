"""Node's `ws`, which Zephyr.js' module is modelled on, as the client; skipped where it is not installed."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from ws_server import WebSocketServer
from ws_server.samples import echo, subprotocols

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "build" / "node"
"""Where `make test` installs it."""
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.skipif(NODE is None, reason="there is no node on this machine"),
    pytest.mark.skipif(
        not (PACKAGE / "node_modules" / "ws" / "package.json").is_file(),
        reason="Node's ws is not in build/node: make test installs it where there is npm",
    ),
]

OPEN = ["open", "", ""]
CLOSED = ["close", 1000, ""]
BROKEN = "WS_ERR_UNEXPECTED_MASK"

# What the client is told, in this order; see node/client.js for what it does.
SCENARIOS: dict[str, list[list[Any]]] = {
    "echo": [OPEN, ["text", "text"], ["binary", "\0\xff"], ["text", ""], CLOSED],
    "fragmentation": [OPEN, ["pong", "between"], ["text", "Hello"], CLOSED],
    "ping": [OPEN, ["pong", "x" * 125], CLOSED],
    "close": [OPEN, ["close", 4321, ""]],
    "sub-protocol": [["open", "echo", ""], CLOSED],
    "refusal": [["refused", 401]],
    "over-limit": [OPEN, ["close", 1009, "message of 4097 bytes or more, the limit is 4096"]],
    "masked-server": [["open", "masked-echo", ""], ["error", BROKEN], ["close", 1006, ""]],
}
WITH_PROTOCOL = ("sub-protocol", "refusal", "masked-server")


async def told(server: WebSocketServer, scenario: str) -> Any:
    async with server:
        process = await asyncio.create_subprocess_exec(
            NODE or "node",
            str(HERE / "node" / "client.js"),
            f"ws://127.0.0.1:{server.port}/",
            scenario,
            env={**os.environ, "WS_PACKAGE": str(PACKAGE)},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), 30)
        except TimeoutError:
            process.kill()
            raise
    assert process.returncode == 0
    return json.loads(output)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_node_is_told_what_it_should(scenario: str) -> None:
    sample = subprotocols if scenario in WITH_PROTOCOL else echo
    server = sample.make_server(0, host="127.0.0.1")
    assert asyncio.run(told(server, scenario)) == SCENARIOS[scenario]
