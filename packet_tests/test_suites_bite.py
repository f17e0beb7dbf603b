"""The tests fail when the firmware is wrong: a few mutants, one of each part, are built and must be caught.

`bench mutants` tries all of them; docs/mutants.md has what came of it. A defect must be caught by the test of
the rule it breaks, with a message that says what was expected and what came instead.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.mutants.catalogue import find_mutants
from bench.mutants.suites import WITNESSES
from bench.mutants.trial import Fate, Trials

SAMPLE = {
    "mask-key-rotated": r"expected WebSocket binary \[FIN\] b'.*' \(RFC 6455, section 5\.3\) \| "
    r"came: WebSocket binary \[FIN\] b'",
    "packet-count-kept": r"one ping was answered \d{2,} times",
    "no-window-probe": r"no zero-window probe within 5 s \(RFC 9293, section 3\.8\.6\.1\)",
}


@pytest.mark.parametrize(("name", "message"), SAMPLE.items(), ids=SAMPLE.keys())
def test_a_mutant_is_caught_by_the_test_of_what_it_breaks(name: str, message: str, tmp_path: Path) -> None:
    (mutant,) = find_mutants([name])
    verdict = Trials(tmp_path).try_out(mutant)
    assert verdict.fate is Fate.CAUGHT, verdict
    assert verdict.expected, f"{mutant.tests} did not notice, {verdict.catches[0].test} did"
    assert re.search(message, verdict.catches[0].message), verdict.catches[0].message


def test_a_robot_suite_notices_its_mutant(tmp_path: Path) -> None:
    """`bench mutants --suites` tries all suites."""
    (mutant,) = find_mutants([WITNESSES["masking"]])
    verdict = Trials(tmp_path).try_suite("masking", mutant)
    assert verdict.fate is Fate.CAUGHT, verdict
    assert "expected" in verdict.catches[0].message
