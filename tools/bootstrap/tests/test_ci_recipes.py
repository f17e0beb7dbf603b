"""The CI recipes: ours, which `make lint` checks as well, and those `bench new` makes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bench.scaffold import create_project
from tools.bootstrap.project import ROOT

GITHUB = ".github/workflows/bench.yml"
GITLAB = ".gitlab-ci.yml"
SCHEMAS = {GITHUB: "vendor.github-workflows", GITLAB: "vendor.gitlab-ci"}


def complaints(file: Path, schema: str) -> str:
    """What the linters say; nothing is fetched."""
    said = ""
    programs = Path(sys.executable).parent
    for words in (
        ["yamllint", "--strict", "--config-file", str(ROOT / ".yamllint")],
        ["check-jsonschema", "--builtin-schema", schema],
    ):
        command = [str(programs / words[0]), *words[1:], str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        said += done.stdout + done.stderr if done.returncode else ""
    return said


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("new") / "demo"
    create_project(folder)
    return folder


@pytest.mark.parametrize("name", [GITHUB, GITLAB])
def test_a_new_projects_recipes_pass_the_linters(demo: Path, name: str) -> None:
    assert complaints(demo / name, SCHEMAS[name]) == ""


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        (GITHUB, "runs-on", "runs_on"),
        (GITLAB, "when: always", "when: sometimes"),
        (GITLAB, "  paths:", "   paths:"),
    ],
)
def test_the_linters_bite(tmp_path: Path, name: str, right: str, wrong: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert right in text
    (tmp_path / "recipe.yml").write_text(text.replace(right, wrong), encoding="utf-8")
    assert complaints(tmp_path / "recipe.yml", SCHEMAS[name]) != ""


def scripts(recipe: Path) -> list[str]:
    """The shell commands of a recipe."""
    table = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    if "jobs" in table:
        steps = [step for job in table["jobs"].values() for step in job["steps"]]
        return [step["run"] for step in steps if "run" in step]
    jobs = [job for job in table.values() if isinstance(job, dict)]
    return [line for job in jobs for key in ("before_script", "script") for line in job.get(key, ())]


def recipes(demo: Path) -> list[Path]:
    return [folder / name for folder in (ROOT, demo) for name in (GITHUB, GITLAB)]


def test_their_commands_are_shell(demo: Path) -> None:
    for recipe in recipes(demo):
        for script in scripts(recipe):
            checked = subprocess.run(["sh", "-n", "-c", script], capture_output=True, text=True, check=False)
            assert checked.returncode == 0, f"{recipe}: {script}: {checked.stderr}"


@pytest.mark.parametrize("red", ["bench", "pytest"])
def test_a_gitlab_job_that_is_red_has_run_everything(demo: Path, tmp_path: Path, red: str) -> None:
    """GitLab's runner puts the lines of `script` into one shell that ends at the first that fails."""
    for name in ("pip", "bench", "pytest"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/ran\n[ {name} != {red} ]\n")
        program.chmod(0o755)
    lines = "\n".join(["set -e", *scripts(demo / GITLAB)])
    done = subprocess.run(["/bin/sh", "-c", lines], check=False, env={"PATH": str(tmp_path)})
    assert (tmp_path / "ran").read_text().split() == ["pip", "bench", "pytest"]
    assert done.returncode == 1
    (tmp_path / red).write_text("#!/bin/sh\n")
    assert subprocess.run(["/bin/sh", "-c", lines], check=False, env={"PATH": str(tmp_path)}).returncode == 0


def test_a_github_job_that_is_red_has_run_everything(demo: Path) -> None:
    """There, a step after one that failed runs only if it says so."""
    (job,) = yaml.safe_load((demo / GITHUB).read_text(encoding="utf-8"))["jobs"].values()
    after = [step for step in job["steps"] if "pytest" in step.get("run", "") and "pip" not in step["run"]]
    assert [step["if"] for step in after] == ["${{ !cancelled() }}"]


def test_they_use_targets_that_there_are(demo: Path) -> None:
    targets = set(re.findall(r"^(\w+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    called = {
        target
        for recipe in recipes(demo)
        for script in scripts(recipe)
        for target in re.findall(r"make (\w+)\b", script)
        if "apt-get" not in script
    }
    assert called
    assert called <= targets


def test_they_publish_reports_and_captures(demo: Path) -> None:
    for recipe in recipes(demo):
        table = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        if "jobs" in table:
            for job in table["jobs"].values():
                (upload,) = (step for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
                assert "reports/" in upload["with"]["path"].split()
                assert upload["if"] == "${{ !cancelled() }}"  # a red run's above all
        else:
            for name in set(table) - {"default"}:
                artifacts = table[name].get("artifacts") or table["default"]["artifacts"]
                assert "reports/" in artifacts["paths"]
                assert artifacts["when"] == "always"


def test_every_job_has_an_end(demo: Path) -> None:
    for recipe in recipes(demo):
        table = yaml.safe_load(recipe.read_text(encoding="utf-8"))
        jobs = table.get("jobs") or {name: job for name, job in table.items() if name != "default"}
        assert all("timeout-minutes" in job or "timeout" in job for job in jobs.values())
