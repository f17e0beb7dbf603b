"""What Sphinx would only mutter about fails the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docs.__main__ import build

# MyST's own use of Sphinx.
pytestmark = pytest.mark.filterwarnings("ignore::sphinx.deprecation.RemovedInSphinx11Warning")

CONFIGURATION = """
extensions = ["myst_parser", "sphinx.ext.autodoc", "tools.docs.docstrings", "tools.docs.repository"]
source_suffix = {".md": "markdown"}
html_theme = "basic"
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[nowhere](absent.md)", ["absent.md"]),
        ("[no such heading](#absent)", ["absent"]),
        ("```{eval-rst}\n.. automodule:: bench.absent\n```", ["bench.absent"]),
        ("```no-such-language\nx\n```", ["no-such-language"]),
        ("A page that is as it should be.", []),
    ],
)
def test_mistakes_in_a_page_are_warnings(tmp_path: Path, text: str, words: list[str]) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text(CONFIGURATION)
    (source / "index.md").write_text(f"# Title\n\n{text}\n")
    warnings = build(source, tmp_path / "site", tmp_path / "doctrees")
    assert bool(warnings) == bool(words)
    assert all(word in "\n".join(warnings) for word in words)


def test_links_to_files_and_folders_of_the_repository_lead_to_pages_that_show_them(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "conf.py").write_text(CONFIGURATION)
    (source / "index.md").write_text(
        "# Title\n\n[one](../bench/robot/masking.robot), [all](../bench/robot/)\n"
    )
    assert build(source, tmp_path / "site", tmp_path / "doctrees") == []
    index = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert 'href="files/bench/robot/masking.robot.html"' in index
    assert 'href="files/bench/robot/index.html"' in index
    files = tmp_path / "site" / "files" / "bench" / "robot"
    assert "Masked Text Is Unmasked And Echoed" in (files / "masking.robot.html").read_text(encoding="utf-8")
    assert 'href="utf8.robot.html"' in (files / "index.html").read_text(encoding="utf-8")
    assert (files / "utf8.robot.html").is_file()
