"""What Sphinx would only mutter about fails the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docs.__main__ import build

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
