"""Sphinx extension: the sidebar of pages that only show sources is made once.

Sphinx copies the headings of all pages for every sidebar, which took a third of the build. Pages that no
`toctree` has (sources, files of the repository) all have the same one, but for the way up to the root.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sphinx.application import Sphinx


def rebased(html: str, old: str, new: str) -> str:
    """The links of a page, whose way up to the root is `old`, for one for which it is `new`."""
    return re.sub(rf'href="{re.escape(old)}(?![a-z]+:|#)', f'href="{new}', html)


def on_page_context(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Let the theme find the sidebar that is there already."""
    if page in app.env.found_docs or "toctree" not in context:
        return
    make: Callable[..., str] = context["toctree"]
    known: dict[str, tuple[str, str]] = app.__dict__.setdefault("_shared_sidebars", {})
    up = "../" * page.count("/")

    def toctree(**options: Any) -> str:
        key = repr(sorted(options.items()))
        if key not in known:
            known[key] = up, make(**options)
        return rebased(known[key][1], known[key][0], up)

    context["toctree"] = toctree


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, before the theme looks at the context."""
    app.connect("html-page-context", on_page_context, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
