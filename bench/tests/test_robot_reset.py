"""A board that is reset within a test: what the test's evidence says of it."""

from __future__ import annotations

import re
from pathlib import Path

from bench.report.capture_file import read_capture
from bench.report.figures import read_figures
from bench.tests.test_robot import CONCLUDING, evidence, run

SUITE = (
    CONCLUDING
    + """\
Reset
    Open WebSocket
    Connection Should Still Echo    before
    ${seconds}=    Reset Board
    Log    ready after ${seconds}
    Open WebSocket
    Connection Should Still Echo    after
    Fail    as it should
"""
)


def test_time_figures_and_console_go_on_across_a_reset(tmp_path: Path) -> None:
    result = run(tmp_path, SUITE)
    assert result.results()["Reset"] == ("FAIL", "as it should")
    (figures,) = read_figures(result.report / "figures.jsonl")
    assert figures.milliseconds > 150  # a boot and two clients
    assert figures.instructions > 4_000_000
    assert figures.heap == sorted(figures.heap)
    packets = read_capture(result.report / "captures" / "own" / "reset.pcapng")
    times = [packet.time for packet in packets]
    assert times == sorted(times)
    page = evidence(result, "Reset")
    assert "b&#x27;before&#x27;" in page and "b&#x27;after&#x27;" in page
    assert re.search(r"<pre>ws_server: listening on", page), "what it printed when it booted again"
