"""What mutants are, and that each still says how to break what there is; no firmware is built here."""

from __future__ import annotations

import ast
import re

import pytest
from click.testing import CliRunner

from bench.board import ROOT
from bench.cli import main
from bench.mutants.catalogue import FAMILIES, all_mutants, find_mutants
from bench.mutants.edits import DoesNotApply, Replace, Wrap
from bench.mutants.mutant import Mutant
from emulation.errors import UserError
from emulation.firmware.overlay import read_source

MODULE = """
LIMIT = 3

class Parser:
    def __init__(self):
        self.left = 0

    def feed(self, data):
        return data

def check(code):
    return code < LIMIT
"""


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda mutant: mutant.name)
def test_every_mutant_still_says_how_to_break_what_there_is(mutant: Mutant) -> None:
    for name, text in mutant.overrides(read_source).items():
        if name.endswith(".py"):
            compile(text, name, "exec")


@pytest.mark.parametrize("mutant", all_mutants(), ids=lambda mutant: mutant.name)
def test_the_tests_that_are_to_catch_a_mutant_are_there(mutant: Mutant) -> None:
    assert mutant.tests
    for test in mutant.tests:
        file, _, name = test.partition("::")
        functions = [n.name for n in ast.walk(ast.parse((ROOT / file).read_text())) if hasattr(n, "name")]
        assert name.partition("[")[0] in functions


def test_names_are_words_and_nobody_has_the_name_of_another() -> None:
    names = [mutant.name for mutant in all_mutants()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_text_is_replaced_where_it_stands_once() -> None:
    edit = Replace("m.py", "LIMIT = 3", "LIMIT = 4")
    assert "LIMIT = 4" in edit.apply(MODULE)
    with pytest.raises(DoesNotApply, match=r"m\.py has no places that read 'LIMIT = 3'"):
        edit.apply("")
    with pytest.raises(DoesNotApply, match=r"m\.py has 2 places that read 'LIMIT = 3'"):
        edit.apply(MODULE + MODULE)


def run(text: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(text, "m.py", "exec"), names)
    return names


def test_a_function_and_a_method_are_put_into_wrong_hands() -> None:
    function = Wrap("m.py", "check", "def wrong(right, code):\n    return not right(code)\n")
    method = Wrap("m.py", "Parser.feed", "def wrong(right, self, data):\n    return right(self, data) * 2\n")
    names = run(method.apply(function.apply(MODULE)))
    check, parser = names["check"], names["Parser"]
    assert callable(check)
    assert callable(parser)
    assert check(5)
    assert not check(1)
    assert parser().feed("x") == "xx"


@pytest.mark.parametrize(
    ("target", "body", "missing"),
    [
        ("judge", "pass", "judge"),
        ("Parser.eat", "pass", "Parser.eat"),
        ("Lexer.feed", "pass", "Lexer"),
        ("Parser.feed", "return self.right_hand", "self.right_hand"),
        ("Parser.feed", "return OLD_LIMIT", "OLD_LIMIT"),
    ],
)
def test_a_name_that_the_module_has_no_more_is_told(target: str, body: str, missing: str) -> None:
    edit = Wrap("m.py", target, f"def wrong(right, self, data):\n    {body}\n")
    with pytest.raises(DoesNotApply, match=rf"^m\.py has no {re.escape(missing)}$"):
        edit.apply(MODULE)


def test_a_mutant_that_changes_nothing_is_none() -> None:
    mutant = Mutant("none", "nothing", (Replace("m.py", "LIMIT", "LIMIT"),), ())
    with pytest.raises(DoesNotApply, match="reads as before"):
        mutant.overrides(lambda name: "LIMIT")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"there is no mutant 'fin_bit'; the nearest is 'fin-bit'"):
        find_mutants(["fin_bit"])
    result = CliRunner().invoke(main, ["mutants", "fin_bit"], catch_exceptions=False)
    assert result.exit_code == 2
    error, hint = result.stderr.splitlines()
    assert "'fin-bit'" in error
    assert "--list" in hint


def test_an_unknown_suite_is_answered_with_those_that_have_a_mutant() -> None:
    result = CliRunner().invoke(main, ["mutants", "--suites", "maskng"], catch_exceptions=False)
    assert result.exit_code == 2
    assert "'maskng'" in result.stderr and "masking, opening_handshake" in result.stderr


def test_the_list_has_every_mutant_and_what_is_wrong_with_it() -> None:
    listing = CliRunner().invoke(main, ["mutants", "--list"], catch_exceptions=False).output
    for family in FAMILIES:
        assert family.title in listing
        for mutant in family.mutants:
            assert re.search(rf"^  {mutant.name} +{re.escape(mutant.wrong)}$", listing, flags=re.MULTILINE)


def test_the_page_is_not_written_from_some_of_the_mutants() -> None:
    result = CliRunner().invoke(main, ["mutants", "fin-bit", "--write-docs"], catch_exceptions=False)
    assert result.exit_code == 2
    assert "--write-docs" in result.stderr


def test_the_page_lists_the_mutants_there_are_each_with_a_test_there_is() -> None:
    page = (ROOT / "docs" / "mutants.md").read_text()
    rows = re.findall(
        r"^\| `([\w-]+)` \| (.*?) \| \[.*?\]\(\.\./(.*?)\): `+ ?(\w+)", page, flags=re.MULTILINE
    )
    assert [(name, wrong) for name, wrong, _, _ in rows] == [(m.name, m.wrong) for m in all_mutants()], (
        "docs/mutants.md is out of date; its first lines say how to write it"
    )
    for name, _, file, test in rows:
        assert f"def {test}(" in (ROOT / file).read_text(), f"{name}: {file} has no {test}"
