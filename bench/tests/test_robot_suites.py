"""The suites read as the specification: what every suite and every test of it has to say of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from robot.api import TestSuite as Suite
from robot.running import TestCase as Case

from bench.board import ROOT
from bench.mutants.catalogue import all_mutants
from bench.mutants.suites import WITNESSES

SUITES = {path.stem: path for path in sorted((ROOT / "bench" / "robot").glob("*.robot"))}
PAGE = ROOT / "docs" / "robot.md"
LAYERS = {"board", "ethernet", "arp", "ip", "ipv6", "icmp", "udp", "tcp", "http", "websocket"}
SPEEDS = {"fast", "slow"}
OF_NO_STANDARD = {"backlog_and_clients", "board", "performance", "timeouts", "zephyr_js_api"}
"""Suites about what the product itself promises; the tests of all others name the section they are about."""
RFC = re.compile(r"rfc[1-9]\d*(-\d+(\.\d+)*)?")
TAG = re.compile(r"[a-z][a-z0-9-]*|(layer|needs):[a-z0-9:]+|" + RFC.pattern)


def cases_of(path: Path) -> list[Case]:
    return list(Suite.from_file_system(path).tests)


def everything() -> Iterator[tuple[str, Case]]:
    return ((name, test) for name, path in SUITES.items() for test in cases_of(path))


@pytest.mark.parametrize("name", SUITES)
def test_a_suite_and_each_of_its_tests_says_what_it_is_about(name: str) -> None:
    suite = Suite.from_file_system(SUITES[name])
    assert len(suite.doc.split()) > 5
    assert suite.tests
    undocumented = [test.name for test in suite.tests if not test.doc.strip()]
    undocumented += [word.name for word in suite.resource.keywords if not word.doc.strip()]
    assert undocumented == []


@pytest.mark.parametrize("name", SUITES)
def test_every_test_has_a_layer_and_a_speed(name: str) -> None:
    for test in cases_of(SUITES[name]):
        tags = {str(tag) for tag in test.tags}
        layers = {tag.removeprefix("layer:") for tag in tags if tag.startswith("layer:")}
        assert layers and layers <= LAYERS, (test.name, layers)
        assert len(tags & SPEEDS) == 1, (test.name, tags)


@pytest.mark.parametrize("name", [name for name in SUITES if name not in OF_NO_STANDARD])
def test_every_test_of_a_rule_names_the_section_of_the_rfc(name: str) -> None:
    without = [
        test.name for test in cases_of(SUITES[name]) if not any(RFC.fullmatch(str(tag)) for tag in test.tags)
    ]
    assert without == []


def test_tags_are_written_alike() -> None:
    strange = {str(tag) for _, test in everything() for tag in test.tags if not TAG.fullmatch(str(tag))}
    assert strange == set()


def test_no_two_cases_of_a_suite_have_the_same_name() -> None:
    for name, path in SUITES.items():
        names = [test.name for test in cases_of(path)]
        assert len(names) == len(set(names)), name


def test_what_must_be_refused_is_told_by_its_tag() -> None:
    words = re.compile(r"\b(refused|malformed|damaged)\b", re.IGNORECASE)
    exempt = {"A Refused Client May Ask Again"}  # what comes after
    without = [
        test.name
        for _, test in everything()
        if words.search(test.name) and test.name not in exempt and "negative" not in test.tags
    ]
    assert without == []


def rows_below(head: str) -> list[str]:
    """The lines of the page's table that begins so."""
    _, _, rest = PAGE.read_text().partition(head)
    return [line for line in rest.partition("\n\n")[0].splitlines() if line.startswith("| `")]


def test_the_page_lists_every_suite() -> None:
    table = rows_below("| Suite |")
    listed = [name for line in table for name in re.findall(r"`([a-z0-9_]+)`", line.split("|")[1])]
    assert sorted(listed) == sorted(SUITES)


def test_every_suite_has_a_mutant_that_it_notices() -> None:
    assert sorted(WITNESSES) == sorted(SUITES)
    assert rows_below("| Noticed by |") == [f"| `{suite}` | `{name}` |" for suite, name in WITNESSES.items()]
    assert set(WITNESSES.values()) <= {mutant.name for mutant in all_mutants()}
