"""The lock: exact versions, in sections, covering what pyproject.toml asks for."""

from __future__ import annotations

import re
import tomllib

import pytest

from emulation.errors import UserError
from tools.bootstrap import project
from tools.bootstrap.environment import pins_up_to, read_lock
from tools.bootstrap.locking import canonical, compose


def names(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[=<>!~\[; ]", requirement)[0]) for requirement in requirements}


def test_a_composed_lock_reads_back_sorted_and_without_duplicates() -> None:
    text = compose(
        {
            "run": ["b==2", "A_x==1"],
            "docs": ["d==4", "b==2", "a-x==1"],
            "test": ["c==3", "b==2", "D==4", "a-x==1"],
        }
    )
    assert read_lock(text) == {"run": ["A_x==1", "b==2"], "docs": ["d==4"], "test": ["c==3"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("click==8\n", "line 1"),
        ("# --- run\nclick>=8\n", "line 2"),
        ("# --- run\nclick==8\n", "sections"),
        ("", "sections"),
    ],
)
def test_a_damaged_lock_is_refused_with_the_place_and_a_way_out(text: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        read_lock(text)
    assert words in caught.value.message
    assert "make lock" in caught.value.hint


def test_every_dependency_of_the_project_is_locked_in_its_section() -> None:
    table = tomllib.loads(project.PYPROJECT.read_text())
    assert names(table["project"]["dependencies"]) <= names(pins_up_to("run"))
    assert names(table["build-system"]["requires"]) <= names(pins_up_to("run"))
    assert names(table["project"]["optional-dependencies"]["docs"]) <= names(pins_up_to("docs"))
    assert names(table["project"]["optional-dependencies"]["dev"]) <= names(pins_up_to("test"))


def test_testing_installs_what_running_does_and_more() -> None:
    assert set(pins_up_to("run")) < set(pins_up_to("docs")) < set(pins_up_to("test"))
