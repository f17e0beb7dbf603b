"""What the log of a Robot test shows of the cases of the catalogue that it has run."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

from bench.report.evidence import told_case
from bench.report.ladder import Ladder
from bench.tests.test_robot import HEAD, run


def test_each_case_is_told_with_its_ladder_and_capture(tmp_path: Path) -> None:
    result = run(tmp_path, HEAD + "ARP\n    Entry Should Be Kept    6    variants=${1}\n")
    assert result.results()["ARP"][0] == "PASS"
    messages = [message.text or "" for message in ElementTree.parse(result.report / "output.xml").iter("msg")]
    told = [message for message in messages if message.startswith("<details><summary>arp-06-")]
    assert len(told) > 1
    for message in told:
        assert ": passed. Came: " in message and "Source: RFC 826" in message
        assert '<svg xmlns="http://www.w3.org/2000/svg" class="ladder"' in message and "ARP" in message
        (link,) = re.findall(r'href="([^"]+\.pcapng)"', message)
        assert (result.report / unescape(link)).exists()


def test_a_case_that_failed_is_to_be_seen_at_once() -> None:
    ladder = Ladder("bench", "board", [])
    assert told_case("wrong <&>", ladder, "", unfolded=True).startswith(
        "<details open><summary>wrong &lt;&amp;&gt;</summary>"
    )
    assert "<details>" in told_case("right", ladder, "", unfolded=False)
