"""The keyword library as its users meet it: documented, typed, in the words of the domain; examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from robot.libdocpkg import LibraryDocumentation

from bench.tests.test_robot import CONCLUDING, run

LIBRARY = LibraryDocumentation("bench.robot.BoardLibrary")
KEYWORDS = {keyword.name: keyword for keyword in LIBRARY.keywords}
NOT_RUN = {
    "Boot Application",  # builds a firmware; bench/tests/test_robot_applications.py does
    "Conclude Test",  # its example is a setting
}
ALONE = ("Entry Should Be Kept",)
"""Keywords that want the board as it was booted, not a connection that is open."""
VERBS = (
    "Send",
    "Open",
    "Close",
    "Connect",
    "Run",
    "Reset",
    "Set",
    "Lose",
    "Inject",
    "Boot",
    "Note",
    "Half",
    "Accept",
)


def example(name: str) -> list[str]:
    """The lines of a keyword's example, as a suite has them."""
    lines = [line.strip() for line in KEYWORDS[name].doc.splitlines() if line.startswith("| ")]
    return ["    " + "    ".join(cell.strip() for cell in line.strip("|").split(" | ")) for line in lines]


@pytest.mark.parametrize("name", KEYWORDS)
def test_a_keyword_is_documented_and_its_arguments_have_types(name: str) -> None:
    keyword = KEYWORDS[name]
    first, _, rest = keyword.doc.partition("\n")
    assert first.endswith((".", ":")), "the first line is what lists show"
    assert not rest or rest.startswith("\n")
    untyped = [argument.name for argument in keyword.args if argument.type is None]
    assert untyped == []
    if keyword.args:
        assert any(name in line for line in example(name)) or name in NOT_RUN, (
            "an example shows how to use it"
        )


def test_keywords_speak_of_what_is_done_or_what_should_be() -> None:
    strange = [name for name in KEYWORDS if "Should" not in name.split() and not name.startswith(VERBS)]
    assert strange == [
        "Bytes Of Length",
        "Conclude Test",
        "Longest Segment From Board",
        "Text Of Length",
    ]


def test_the_examples_run(tmp_path: Path) -> None:
    tests = [
        "\n".join([name, "    Open WebSocket" * (name not in ALONE), *lines, ""])
        for name in KEYWORDS
        if name not in NOT_RUN and (lines := example(name))
    ]
    result = run(tmp_path, CONCLUDING + "\n".join(tests))
    failed = {name: message for name, (status, message) in result.results().items() if status != "PASS"}
    assert failed == {}, "\n".join(f"{name}: {message}" for name, message in failed.items())
    assert len(result.results()) == len(tests) > 40


def test_the_library_says_where_to_begin() -> None:
    assert re.search(r"=\s*Connections\s*=", LIBRARY.doc)
    assert LIBRARY.scope == "TEST"
