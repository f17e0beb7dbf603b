"""References are made from their sources: nothing is missing, and docstrings show as they were meant."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from robot.libdocpkg import LibraryDocumentation

from bench.cli import COMMANDS, main
from bench.layers.websocket import WebSocket
from tools.docs.__main__ import build
from tools.docs.commands import commands, paragraphs
from tools.docs.docstrings import field_table, link_errors, mark_examples


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with both directives, as HTML."""
    folder = tmp_path_factory.mktemp("references")
    source = folder / "source"
    source.mkdir()
    (source / "conf.py").write_text(
        'extensions = ["myst_parser", "tools.docs.commands", "tools.docs.keywords"]\n'
        'source_suffix = {".md": "markdown"}\nhtml_theme = "basic"\n'
    )
    directives = (("command-line", "bench.cli:main"), ("keyword-library", "bench.robot.BoardLibrary"))
    text = "\n\n".join(f"```{{{name}}} {argument}\n```" for name, argument in directives)
    (source / "index.md").write_text(f"# References\n\n{text}\n")
    assert build(source, folder / "site", folder / "doctrees") == []
    assert (folder / "site" / "libdoc" / "bench.robot.BoardLibrary.html").stat().st_size > 10000
    return (folder / "site" / "index.html").read_text(encoding="utf-8")


def test_every_command_has_a_section_with_its_options(page: str) -> None:
    for command, context in commands(main, click.Context(main, info_name="bench")):
        assert f'id="{context.command_path.replace(" ", "-")}"' in page
        for part in command.params:
            record = part.get_help_record(context)
            assert record is None or not record[1] or record[0].split()[0].strip(",") in page
    assert {match[1] for match in re.finditer(r'id="bench-(\w+)', page)} >= set(COMMANDS)


def test_every_keyword_has_a_section_and_robots_links_find_it(page: str) -> None:
    names = {keyword.name for keyword in LibraryDocumentation("bench.robot.BoardLibrary").keywords}
    anchors = set(re.findall(r'<span id="([^"]+)"></span>', page))
    assert names == anchors
    linked = {unquote(name) for name in re.findall(r'<a href="#([^"]+)"[^>]* class="name"', page)}
    assert "Open WebSocket" in linked
    assert linked <= anchors


def test_paragraphs_of_help_are_joined_unless_click_is_told_otherwise() -> None:
    assert paragraphs("One\n  line.\n\n\b\n  a  b\n  c  d\n\fhidden") == [
        ("One line.", False),
        ("  a  b\n  c  d", True),
    ]


@pytest.mark.parametrize(
    ("docstring", "shown"),
    [
        ("Text.\n\n    call()\n\nMore.", "Text.\n\n.. code-block:: python\n\n    call()\n\nMore."),
        ("Two in one:\n\n    a\n\n    b", "Two in one:\n\n.. code-block:: python\n\n    a\n\n    b"),
        ("So::\n\n    call()", "So:\n\n.. code-block:: python\n\n    call()"),
        ("- item\n\n    more of it", "- item\n\n    more of it"),
        ("Text\n    that goes on", "Text\n    that goes on"),
    ],
)
def test_indented_paragraphs_are_examples(docstring: str, shown: str) -> None:
    assert "\n".join(mark_examples(docstring.splitlines())) == shown


def test_exceptions_are_links() -> None:
    assert link_errors(["Raises UserError, GuestFault.", "    raise UserError", "`PeerError` is one."]) == [
        "Raises `UserError`, `GuestFault`.",
        "    raise UserError",
        "`PeerError` is one.",
    ]


def test_a_layer_shows_each_field_with_size_default_and_values() -> None:
    table = "\n".join(field_table(WebSocket))
    assert [f"``{field.name}``" in table for field in WebSocket.fields_desc] == [True] * 9
    assert "2 bytes or 8 bytes, if present" in table
    assert "8 close, 9 ping" in table
    assert "computed" in table


def test_the_pages_that_show_all_this_are_there() -> None:
    docs = Path(__file__).resolve().parents[3] / "docs"
    assert "{command-line} bench.cli:main" in (docs / "commands.md").read_text()
    assert "{keyword-library} bench.robot.BoardLibrary" in (docs / "keywords.md").read_text()
