"""What a `bench.toml` may say, and what is said about mistakes in it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from bench.board import DEFAULT_SEED, ROOT
from bench.project import _KINDS, Project, find_project, read_project
from emulation.errors import UserError


def written(folder: Path, text: str) -> Path:
    path = folder / "bench.toml"
    path.write_text(text)
    return path


def test_everything_can_be_left_out(tmp_path: Path) -> None:
    project = read_project(written(tmp_path, ""))
    assert project == Project(tmp_path)
    assert project.seed == DEFAULT_SEED
    assert project.put_on_board() is None


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    project = read_project(
        written(
            tmp_path, 'application = "app/main.py"\nsuites = ["a", "b.robot"]\nreport = "out"\nseed = 7\n'
        )
    )
    assert project.application == tmp_path / "app" / "main.py"
    assert project.suites == (tmp_path / "a", tmp_path / "b.robot")
    assert project.command_defaults()["run"]["report"] == tmp_path / "out"
    assert project.command_defaults()["run"]["seed"] == 7


def test_the_ports_are_those_of_bench_serve(tmp_path: Path) -> None:
    project = read_project(written(tmp_path, "ports = [80, 9000]\n"))
    assert project.command_defaults()["serve"]["forwards"] == ["80:80", "9000:9000"]


def test_it_is_found_from_the_folders_below(tmp_path: Path) -> None:
    written(tmp_path, "")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert find_project(below) == Project(tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint", "hint"),
    [
        ("seed = ", "bench.toml: Invalid value", "TOML"),
        ("sede = 1", "there is no key 'sede'", "the keys are: application, freeze, suites"),
        ("seed = true", "seed is True", "a number"),
        ('suites = "suites"', "suites is 'suites'", "a list of suite files and folders"),
        ("ports = [0]", r"ports is \[0\]", "a list of ports"),
        ('application = ""', "application is ''", "the path of a Python file"),
        ('freeze = "yes"', "freeze is 'yes'", "true or false"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, complaint: str, hint: str) -> None:
    with pytest.raises(UserError, match=complaint) as caught:
        read_project(written(tmp_path, text))
    assert hint in caught.value.hint


def test_every_key_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "applications.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", page, re.MULTILINE)
    assert {key for key, _ in rows} == set(_KINDS)
    said = {key: default.strip("`") for key, default in rows}
    assert tomllib.loads(
        "\n".join(f"{key} = {said[key]}" for key in ("ports", "ready", "engine", "seed"))
    ) == {
        "ports": list(Project.ports),
        "ready": Project.ready,
        "engine": Project.engine,
        "seed": Project.seed,
    }


def test_a_file_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text("seed = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(UserError, match=r"bench\.toml"):
        find_project(tmp_path)
