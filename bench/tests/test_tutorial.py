"""The tutorial works as printed: its commands are run, its changes made, its outputs compared, in order."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PICTURE = ROOT / "docs" / "tutorial_ladder.svg"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = ""

    def run(self, script: str) -> None:
        for line in script.splitlines():
            if line.startswith("cd "):
                self.folder /= line.removeprefix("cd ")
                continue
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            done = subprocess.run(
                ["sh", "-c", line],
                cwd=self.folder,
                env={**os.environ, "PATH": path},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=300,
                check=False,
            )
            self.output = done.stdout
            failed = re.search(r"(\d+) failed, \d+ skipped", done.stdout)
            assert done.returncode == int(failed[1] if failed else 0), done.stdout

    def see(self, expected: str) -> None:
        """Each line has to have been printed, in this order; dots stand for anything."""
        place = 0
        for line in filter(str.strip, expected.splitlines()):
            pattern = ".*".join(map(re.escape, line.split("...")))
            found = re.compile(rf"^{pattern}$", re.MULTILINE).search(self.output, place)
            assert found, f"{line!r} is not in:\n{self.output[place:]}"
            place = found.end() if line.strip() != "..." else place

    def change(self, diff: str) -> None:
        old, new = (
            "\n".join(line[1:] for line in diff.splitlines() if line.startswith(sign)) for sign in "-+"
        )
        text = (self.folder / "main.py").read_text(encoding="utf-8")
        assert text.count(old) == 1
        (self.folder / "main.py").write_text(text.replace(old, new), encoding="utf-8")

    def show(self, name: str, part: str) -> None:
        """What the page shows of a file is in it; a test that is not is added."""
        path = self.folder / name
        if part not in path.read_text(encoding="utf-8"):
            assert name.endswith(".robot")
            with path.open("a", encoding="utf-8") as file:
                file.write("\n" + part)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    reader = Reader(tmp_path_factory.mktemp("tutorial"))
    installed = False
    for language, text in BLOCK.findall(PAGE):
        match language:
            case "" if "pip install" in text:
                installed = True  # `make package` does it
            case "":
                assert installed
                reader.run(text)
            case "text":
                reader.see(text)
            case "diff":
                reader.change(text)
            case "python":
                reader.show("demo/main.py", text)
            case "robot":
                inside = "suites/demo.robot"
                reader.show(inside if (reader.folder / inside).exists() else f"demo/{inside}", text)
            case _:
                pytest.fail(f"nobody knows what to do with a block of {language}")
    return reader


def labels(svg: str) -> list[str]:
    """What frames there are; times, sizes and windows depend on the firmware's version."""
    texts = [html.unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    return [text for text in texts if re.match(r"WebSocket|GET|HTTP|SYN|FIN|ACK|192", text)]


def test_the_tutorial_ends_green(reader: Reader) -> None:
    assert "5 tests: 5 passed" in reader.output


def test_its_picture_is_what_its_command_draws(reader: Reader) -> None:
    drawn = labels((reader.folder / "ladder.svg").read_text(encoding="utf-8"))
    assert any("code 1009" in label for label in drawn)
    assert labels(PICTURE.read_text(encoding="utf-8")) == drawn
