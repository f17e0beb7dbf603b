"""Sphinx extension: a Robot Framework library as a page, from what libdoc knows of it.

The directive `keyword-library` takes the name of a library. Its page is in the site's own style and can be
searched with the rest; libdoc's own page is written beside it, and linked.
"""

from __future__ import annotations

import ast
import html
from pathlib import Path
from typing import Any

from docutils import nodes
from robot.libdoc import libdoc
from robot.libdocpkg import LibraryDocumentation
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.util.docutils import SphinxDirective

FOLDER = "libdoc"
"""Where libdoc's own pages lie in the site."""

TITLES = {"tcp": "TCP", "http": "HTTP"}
"""Titles of modules whose names are abbreviations."""


class KeywordLibrary(SphinxDirective):  # type: ignore[misc]  # docutils' base class is not typed
    """`keyword-library:: bench.robot.BoardLibrary`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The library's introduction, then a section for each keyword."""
        name = self.arguments[0]
        library = LibraryDocumentation(name)
        self.env.note_dependency(library.source)
        for source in {str(keyword.source) for keyword in library.keywords}:
            self.env.note_dependency(source)
        library.convert_docs_to_html()
        libraries(self.env).add(name)
        introduction = raw(f'<div class="libdoc">{library.doc}</div>')
        page = nodes.reference("", "libdoc's page of it", refuri=f"{FOLDER}/{name}.html", internal=True)
        return [
            introduction,
            nodes.paragraph("", "There is also ", page, nodes.Text(".")),
            *self._groups(library.keywords),
            self._types(library.type_docs),
        ]

    def _types(self, types: Any) -> nodes.Element:
        """What may be written for arguments of each type, in Robot's own words."""
        section = nodes.section(ids=["keyword-types"], names=[])
        self.state.document.note_implicit_target(section)
        section += nodes.title("Types of arguments", "Types of arguments")
        for kind in sorted(types, key=lambda kind: kind.name.lower()):
            name = html.escape(kind.name)
            section += raw(
                f'<div class="libdoc" id="type-{name}"><h3><code>{name}</code></h3>{kind.doc}</div>'
            )
        return section

    def _groups(self, keywords: Any) -> list[nodes.Element]:
        """A section for each module that keywords come from, in which they have the order of their source."""
        modules: dict[Path, list[Any]] = {}
        for keyword in sorted(keywords, key=lambda keyword: (keyword.source, keyword.lineno)):
            modules.setdefault(Path(keyword.source), []).append(keyword)
        groups = []
        for module, members in modules.items():
            title = TITLES.get(module.stem, module.stem.replace("_", " ").capitalize())
            group = nodes.section(ids=[f"keywords-{module.stem}"], names=[])
            self.state.document.note_implicit_target(group)
            group += nodes.title(title, title)
            summary = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
            group += nodes.paragraph("", summary.partition("\n\n")[0].replace("\n", " ").replace("`", ""))
            group += [self._keyword(keyword) for keyword in members]
            groups.append(group)
        return groups

    def _keyword(self, keyword: Any) -> nodes.Element:
        # Robot's own links to a keyword are its name, percent-encoded: a browser finds that as this id.
        section = nodes.section(ids=[keyword.name.lower().replace(" ", "-")], names=[])
        self.state.document.note_implicit_target(section)
        section += nodes.title("", keyword.name)
        section += raw(f'<span id="{html.escape(keyword.name)}"></span>')
        if keyword.args:
            section += raw(arguments(keyword))
        section += raw(f'<div class="libdoc">{keyword.doc}</div>')
        return section


def raw(text: str) -> nodes.Element:
    """HTML as it is."""
    return nodes.raw("", text, format="html")


def arguments(keyword: Any) -> str:
    """The arguments of a keyword as a table: name, type, default."""
    rows = "".join(
        f"<tr><td><code>{html.escape(_name(argument))}</code></td>"
        f"<td>{html.escape(str(argument.type or ''))}</td><td>{_default(argument)}</td></tr>"
        for argument in keyword.args
    )
    head = "<thead><tr><th>Argument</th><th>Type</th><th>Default</th></tr></thead>"
    table = f'<table class="docutils align-default">{head}<tbody>{rows}</tbody></table>'
    return f'<div class="table-wrapper">{table}</div>'


def _name(argument: Any) -> str:
    prefix = {"VAR_POSITIONAL": "*", "VAR_NAMED": "**"}.get(argument.kind, "")
    return f"{prefix}{argument.name}"


def _default(argument: Any) -> str:
    if argument.default_repr is None:
        return "" if argument.kind in ("VAR_POSITIONAL", "VAR_NAMED") else "required"
    return f"<code>{html.escape(argument.default_repr)}</code>" if argument.default_repr else "empty"


def libraries(env: Any) -> set[str]:
    """Libraries that have a page."""
    found: set[str] | None = getattr(env, "keyword_libraries", None)
    if found is None:
        found = set()
        env.keyword_libraries = found
    return found


def write_libdoc(app: Sphinx, error: Exception | None) -> None:
    """Let libdoc write its own pages into the finished site."""
    if error or not isinstance(app.builder, StandaloneHTMLBuilder):
        return
    folder = Path(app.outdir) / FOLDER
    folder.mkdir(exist_ok=True)
    for name in sorted(libraries(app.env)):
        libdoc(name, str(folder / f"{name}.html"), quiet=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("keyword-library", KeywordLibrary)
    app.connect("build-finished", write_libdoc)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
