"""Sphinx extension: links out of `docs/` to files of the repository lead to pages that show them.

On GitHub `../bench/robot/masking.robot` is a link to the file. Here it becomes one to a page with the file's
text, a link to a folder one to a list of its files, and a link to a page of the root one to that page's place
in the site.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment
from sphinx.transforms import SphinxTransform
from sphinx.util.osutil import relative_uri

from tools.docs.navigation import FROM_ROOT, ROOT

DOCS = ROOT / "docs"

ROOT_PAGES = {file: page for page, file in FROM_ROOT.items()}
"""Files of the root, and the pages that have their text."""

PREFIX = "files/"
"""Where the pages of files lie in the site."""

SKIPPED = ("__pycache__",)


def page_of(path: Path) -> str:
    """Name of the page that shows a file or folder of the repository."""
    inside = path.relative_to(ROOT).as_posix()
    return f"{PREFIX}{inside}/index" if path.is_dir() else PREFIX + inside


class RepositoryLinks(SphinxTransform):  # type: ignore[misc]  # docutils' base class is not typed
    """Turns such links into references, before Sphinx copies the files as downloads."""

    default_priority = 400

    def apply(self, **_: Any) -> None:
        """Replace the nodes of one page."""
        for node in list(self.document.findall(_is_link)):
            target, _, anchor = node["reftarget"].partition("#")
            path = Path(os.path.normpath((DOCS / self.env.docname).parent / target))
            if not path.exists() and path.with_suffix(".md").exists():
                path = path.with_suffix(
                    ".md"
                )  # MyST has cut off what it takes for the suffix of one of its pages
            if not target or not path.exists() or path.is_relative_to(DOCS) or not path.is_relative_to(ROOT):
                continue
            if path.parent == ROOT and path.name in ROOT_PAGES:
                node.replace_self(self._page(node, ROOT_PAGES[path.name], node.get("reftargetid") or anchor))
            else:
                wanted(self.env).add(path)
                node.replace_self(self._file(node, path))

    def _page(self, node: nodes.Element, page: str, anchor: str) -> nodes.Element:
        link = addnodes.pending_xref(
            refdomain="doc", reftarget=page, reftargetid=anchor or None, refdoc=self.env.docname
        )
        link["reftype"], link["refexplicit"] = "myst", True
        link += node.children
        return link

    def _file(self, node: nodes.Element, path: Path) -> nodes.Element:
        uri = relative_uri(f"{self.env.docname}.html", f"{page_of(path)}.html")
        return nodes.reference("", "", *node.children, internal=True, refuri=uri)


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.download_reference) or (
        isinstance(node, addnodes.pending_xref) and node.get("reftype") == "myst"
    )


def wanted(env: BuildEnvironment) -> set[Path]:
    """Files and folders that some page links to."""
    found: set[Path] | None = getattr(env, "repository_files", None)
    if found is None:
        found = set()
        env.repository_files = found  # the environment keeps what extensions put into it
    return found


def merge(_app: Sphinx, env: BuildEnvironment, _pages: list[str], other: BuildEnvironment) -> None:
    """What another process of the same build has found."""
    wanted(env).update(wanted(other))


def listing(folder: Path) -> list[Path]:
    """The files and folders in `folder` that are worth a look: no caches, nothing hidden, nothing binary."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.name not in SKIPPED and not path.name.startswith(".") and (path.is_dir() or _is_text(path))
    )


def _is_text(path: Path) -> bool:
    try:
        path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, OSError):
        return False
    return True


def file_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """A page for each file and folder that is linked to, and for the files in such folders."""
    if not isinstance(app.builder, StandaloneHTMLBuilder):
        return
    todo, done = sorted(wanted(app.env)), set()
    while todo:
        path = todo.pop()
        if path in done:
            continue
        done.add(path)
        title = path.relative_to(ROOT).as_posix()
        if path.is_dir():
            inside = listing(path)
            todo += [entry for entry in inside if entry.is_file()]
            body = _folder(app.builder, path, [entry for entry in inside if entry.is_file()])
        else:
            body = _file(app.builder, path)
        yield page_of(path), {"title": title, "body": f"<h1>{html.escape(title)}</h1>{body}"}, "page.html"


def _folder(builder: StandaloneHTMLBuilder, folder: Path, files: list[Path]) -> str:
    here = page_of(folder)
    items = [
        f'<li><a href="{builder.get_relative_uri(here, page_of(file))}">{html.escape(file.name)}</a></li>'
        for file in files
    ]
    return f"<ul>{''.join(items)}</ul>"


def _file(builder: StandaloneHTMLBuilder, path: Path) -> str:
    try:
        language = get_lexer_for_filename(path.name).aliases[0]
    except (ClassNotFound, IndexError):
        language = "text"
    text = path.read_text(encoding="utf-8")
    return str(builder.highlighter.highlight_block(text, language, opts={}, force=True, linenos="inline"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_transform(RepositoryLinks)
    app.connect("env-merge-info", merge)
    app.connect("html-collect-pages", file_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
