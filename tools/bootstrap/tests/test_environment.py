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


ONE = "sha256:" + "1" * 64
TWO = "sha256:" + "2" * 64


def test_hashes_and_markers_stay_with_their_pin() -> None:
    pins = [
        f"a==1 ; python_version < '3.12' --hash={ONE} --hash={TWO}",
        f"a==2 ; python_version >= '3.12' --hash={TWO}",
    ]
    text = compose({"run": pins, "docs": pins, "test": [*pins, f"b==1 --hash={ONE}"]})
    assert f" \\\n    --hash={ONE} \\\n    --hash={TWO}\n" in text
    assert read_lock(text) == {"run": pins, "docs": [], "test": [f"b==1 --hash={ONE}"]}


def test_a_line_that_continues_a_pin_is_a_hash_and_nothing_else() -> None:
    with pytest.raises(UserError, match=r"line 3: expected a SHA-256, not 'b==2'"):
        read_lock("# --- run\na==1 \\\nb==2\n")
    with pytest.raises(UserError, match=r"line 2: expected `name==version`"):
        read_lock(f"# --- run\n--hash={ONE}\n")


def test_every_pin_has_a_hash_so_that_pip_takes_no_other_file() -> None:
    assert [pin for pin in pins_up_to("test") if " --hash=sha256:" not in pin] == []
    assert "://" not in project.LOCK.read_text()


def test_set_up_brings_pytest_with_the_bench() -> None:
    table = tomllib.loads(project.PYPROJECT.read_text())
    assert names(table["project"]["optional-dependencies"]["pytest"]) <= names(pins_up_to("run"))


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
