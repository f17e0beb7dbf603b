"""Makes a project of one's own from the templates in bench/template/."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.files import write_whole
from emulation.errors import UserError
from emulation.paths import PROGRAM

TEMPLATES = Path(__file__).parent / "template"

FILES = {
    "bench.toml.in": "bench.toml",
    "main.py.in": "main.py",
    "suites/suite.robot.in": "suites/@MODULE@.robot",
    "test_app.py.in": "test_@MODULE@.py",
    "requirements.txt.in": "requirements.txt",
    "README.md.in": "README.md",
    "github.yml.in": ".github/workflows/bench.yml",
    "gitlab.yml.in": ".gitlab-ci.yml",
    "gitignore.in": ".gitignore",
}
"""Templates and the files they become."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def create_project(folder: Path) -> list[Path]:
    """Make the folder of a new project, named after it; returns its files.

    Raises UserError: a name that does not do, something of that name that is there, a place one cannot
    write to.
    """
    name = folder.name
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is no name for a project",
            "use up to 40 letters, digits, dashes and underscores, and begin with a letter: `bench new demo`",
        )
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UserError(f"{folder} is there already", "choose another name, or remove it") from None
    except OSError as error:
        raise UserError(f"cannot make {folder}: {error.strerror}", "choose another place") from None
    words = {"@NAME@": name, "@MODULE@": re.sub(r"\W", "_", name).lower(), "@VERSION@": _version()}
    made = []
    for template, target in FILES.items():
        path = folder / _filled_in(target, words)
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        write_whole(path, _filled_in(text, words), "choose another place")
        made.append(path)
    return made


def _filled_in(text: str, words: dict[str, str]) -> str:
    for mark, word in words.items():
        text = text.replace(mark, word)
    return text


def _version() -> str:
    try:
        return version(PROGRAM)
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0"
