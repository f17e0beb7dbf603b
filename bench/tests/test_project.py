"""What a `bench.toml` may say, and what is said about mistakes in it."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import pytest

from bench.board import DEFAULT_SEED, ROOT
from bench.project import KEYS, TRUST, Project, check_owner, find_project, read_project
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
        ('engine = "steam"', "engine is 'steam'", "the name of an engine: quark, renode"),
        ("engine = []", r"engine is \[\]", "the name of an engine"),
        ("servers = { websocket = 0 }", "servers is {'websocket': 0}", "websocket = 8080"),
        ("[servers]\nftp = 21", "servers is {'ftp': 21}", "a table with the port"),
        ('report = "a\\u0000b"', "report is", "a folder"),
        ("seed = " + "[" * 3000 + "]" * 3000, "nested too deeply", "the keys are"),
        ("seed = " + "[" * 90 + "]" * 90, "seed is", "a number"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, complaint: str, hint: str) -> None:
    with pytest.raises(UserError, match=complaint) as caught:
        read_project(written(tmp_path, text))
    assert hint in caught.value.hint


def test_every_key_is_documented_with_its_default() -> None:
    page = (ROOT / "docs" / "applications.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", page, re.MULTILINE)
    assert {key for key, _ in rows} == set(KEYS)
    said = {key: default.strip("`") for key, default in rows}
    assert tomllib.loads(
        "\n".join(f"{key} = {said[key]}" for key in ("ports", "ready", "engine", "seed"))
    ) == {
        "ports": list(Project.ports),
        "ready": Project.ready,
        "engine": Project.engine,
        "seed": Project.seed,
    }


def test_where_the_websocket_server_is_can_be_told(tmp_path: Path) -> None:
    assert read_project(written(tmp_path, "")).websocket_port == 8080
    assert read_project(written(tmp_path, "ports = [9000, 80]")).websocket_port == 9000
    assert read_project(written(tmp_path, "ports = [9000]\n[servers]\nwebsocket = 81")).websocket_port == 81
    assert read_project(written(tmp_path, "ports = []")).websocket_port is None


def test_reports_lie_beside_the_file_whoever_asks(tmp_path: Path) -> None:
    project = read_project(written(tmp_path, ""))
    defaults = project.command_defaults()
    assert defaults["run"]["report"] == tmp_path / "reports"
    assert defaults["cases"]["run"]["report"] == tmp_path / "reports" / "cases"
    assert defaults["matrix"]["report"] == tmp_path / "reports" / "matrix"
    assert read_project(written(tmp_path, 'report = "out"')).reports("cases") == tmp_path / "out" / "cases"


def test_a_project_of_another_user_is_refused_unless_it_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As git does: else whoever can write to a folder above runs programs as its visitors."""
    path = written(tmp_path, "")
    owner = path.stat().st_uid
    check_owner(path, {})
    stranger = owner + 4711
    monkeypatch.setattr("bench.project.os.geteuid", lambda: stranger)
    if owner == 0:
        check_owner(path, {})  # root may do as it likes anyway
        os.chown(path, 12, 12)
        owner = 12
    with pytest.raises(UserError, match=rf"belongs to another user \({owner}\)") as caught:
        find_project(tmp_path)
    assert f"{TRUST}={tmp_path}" in caught.value.hint
    check_owner(path, {TRUST: str(tmp_path)})
    with pytest.raises(UserError):
        check_owner(path, {TRUST: str(tmp_path.parent)})
    monkeypatch.setattr("bench.project.os.geteuid", lambda: 0)
    with pytest.raises(UserError):
        check_owner(path, {})
    check_owner(path, {"SUDO_UID": str(owner)})


def test_a_file_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bench.toml").write_text("seed = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(UserError, match=r"bench\.toml"):
        find_project(tmp_path)
