"""Node's `ws`, which Zephyr.js' module is modelled on, as a client: what it does, what it has to be told."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "build" / "node"
"""Where `make test` installs it."""
NODE = shutil.which("node")
TIMEOUT = 30

needs_node_ws = (
    pytest.mark.skipif(NODE is None, reason="there is no node on this machine"),
    pytest.mark.skipif(
        not (PACKAGE / "node_modules" / "ws" / "package.json").is_file(),
        reason="Node's ws is not in build/node: `make test` installs it as root, or where there is npm",
    ),
)

OPEN = ["open", "", ""]
CLOSED = ["close", 1000, ""]
BROKEN = "WS_ERR_UNEXPECTED_MASK"

ECHO: dict[str, list[list[Any]]] = {
    "echo": [OPEN, ["text", "text"], ["binary", "\0\xff"], ["text", ""], CLOSED],
    "fragmentation": [OPEN, ["pong", "between"], ["text", "Hello"], CLOSED],
    "ping": [OPEN, ["pong", "x" * 125], CLOSED],
    "close": [OPEN, ["close", 4321, ""]],
    "over-limit": [OPEN, ["close", 1009, "message of 4097 bytes or more, the limit is 4096"]],
    "thousand": [OPEN, ["echoed", 1000], CLOSED],
}
"""What an echo server has to tell the client, in this order; node/client.js says what the client does."""
SUBPROTOCOLS: dict[str, list[list[Any]]] = {
    "sub-protocol": [["open", "echo", ""], CLOSED],
    "refusal": [["refused", 401]],
    "masked-server": [["open", "masked-echo", ""], ["error", BROKEN], ["close", 1006, ""]],
}
"""The same for the sample with sub-protocols."""
SAMPLE: dict[str, list[list[Any]]] = {
    "sample": [["open", "my_ws_protocol", ""], ["pong", "are you there"], CLOSED],
    "refusal": [["refused", 401]],
}
"""The same for Zephyr.js' sample."""


async def told(url: str, scenario: str, timeout: float = TIMEOUT) -> Any:
    """What the client was told in a scenario, which takes `timeout` seconds at most."""
    process = await asyncio.create_subprocess_exec(
        NODE or "node",
        str(HERE / "node" / "client.js"),
        url,
        scenario,
        env={**os.environ, "WS_PACKAGE": str(PACKAGE)},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout)
    except BaseException:
        if process.returncode is None:
            process.kill()
            await process.wait()
        raise
    assert process.returncode == 0
    return json.loads(output)
