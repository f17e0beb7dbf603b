"""Node's `ws`, which Zephyr.js' module is modelled on, as the client; skipped where it is not installed."""

import asyncio
from types import ModuleType
from typing import Any

import pytest

from ws_server.samples import echo, subprotocols, zephyr_js
from ws_server.tests.node_client import ECHO, SAMPLE, SUBPROTOCOLS, needs_node_ws, told

pytestmark = list(needs_node_ws)


async def told_by(sample: ModuleType, scenario: str) -> Any:
    async with sample.make_server(0, host="127.0.0.1") as server:
        return await told(f"ws://127.0.0.1:{server.port}/", scenario)


@pytest.mark.parametrize("scenario", ECHO)
def test_the_echo_server_tells_node_what_it_should(scenario: str) -> None:
    assert asyncio.run(told_by(echo, scenario)) == ECHO[scenario]


@pytest.mark.parametrize("scenario", SUBPROTOCOLS)
def test_the_server_with_sub_protocols_tells_node_what_it_should(scenario: str) -> None:
    assert asyncio.run(told_by(subprotocols, scenario)) == SUBPROTOCOLS[scenario]


@pytest.mark.parametrize("scenario", SAMPLE)
def test_zephyr_js_sample_tells_node_what_it_should(scenario: str) -> None:
    assert asyncio.run(told_by(zephyr_js, scenario)) == SAMPLE[scenario]
