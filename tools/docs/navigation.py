"""Sphinx extension: which page comes where.

The order of pages is here instead of in `toctree` directives, which GitHub would show as code. A page that is
not there is left out, one that no group names is put under "More": a new page needs nothing but its file.
"""

from __future__ import annotations

import re
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]

GROUPS: dict[str, tuple[str, ...]] = {
    "First steps": ("getting_started", "tutorial"),
    "Concepts": ("concepts", "architecture", "emulator", "firmware"),
    "How to": (
        *("crafting", "live", "applications", "your_elf", "zephyr", "renode"),
        *("robot", "reports", "ci", "matrix"),
    ),
    "Reference": (
        *("cli", "commands", "keywords", "api/index", "server", "zephyr_js"),
        *("cases", "conformance", "mutants", "performance", "glossary", "licences"),
    ),
    "More": (),
    "Project": ("contributing", "changelog"),
}
"""Captions of the sidebar, each with its pages in order of reading."""

SHORT = {
    "tutorial": "Tutorial",
    "concepts": "Board, wire and time",
    "renode": "Renode",
    "zephyr": "Zephyr",
    "your_elf": "Your own ELF",
    "cases": "Catalogue of malformed frames",
    "zephyr_js": "Coming from Zephyr.js",
    "conformance": "Conformance",
}
"""Titles in the sidebar of pages whose own are longer than it is wide, or tell less out of their place."""

REST = "More"
"""The group of pages that no group names."""

FROM_ROOT = {"index": "README.md", "contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}
"""Pages whose text lies in the project's root, where GitHub and editors look for it."""


def groups(found: set[str]) -> dict[str, list[str]]:
    """The pages of each group that exist; empty groups are left out. `found` has the names of all pages."""
    named = {page for pages in GROUPS.values() for page in pages}
    top = {page for page in found if "/" not in page and page != "index"}
    filled = {caption: [page for page in pages if page in found] for caption, pages in GROUPS.items()}
    filled[REST] += sorted(top - named)
    return {caption: pages for caption, pages in filled.items() if pages}


def toctrees(found: set[str]) -> str:
    """The navigation as Markdown for MyST, hidden: the sidebar shows it."""
    blocks = []
    for caption, pages in groups(found).items():
        entries = [f"{SHORT[page]} <{page}>" if page in SHORT else page for page in pages]
        head = ["```{toctree}", ":hidden:", ":titlesonly:", f":caption: {caption}", ""]
        blocks.append("\n".join([*head, *entries, "```"]))
    return "\n\n".join(blocks) + "\n"


def from_root(text: str) -> str:
    """A Markdown page of the project's root as one of `docs/`: its relative links lead where they led."""
    text = re.sub(r"(\]\()(?![a-z]+:|#|docs/|/)", r"\1../", text)
    return re.sub(r"(\]\()docs/", r"\1", text)


def on_source_read(app: Sphinx, page: str, source: list[str]) -> None:
    """Add the navigation to the first page; take pages from the root."""
    if page in FROM_ROOT:
        source[0] = from_root((ROOT / FROM_ROOT[page]).read_text(encoding="utf-8"))
        app.env.note_dependency(str(ROOT / FROM_ROOT[page]))
    if page == app.config.root_doc:
        source[0] += "\n" + toctrees(app.env.found_docs)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", on_source_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
