"""`make docs`: build the site, with every warning an error, then follow all of its links."""

from __future__ import annotations

import io
import shutil
import sys
import time
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.console import nocolor
from sphinx.util.docutils import docutils_namespace, patch_docutils

from tools.docs.links import check_site
from tools.docs.navigation import ROOT

DOCS = ROOT / "docs"
OUT = ROOT / "build" / "docs"


def build(source: Path, site: Path, doctrees: Path) -> list[str]:
    """Build `source` into `site`; returns the warnings, one line each. Raises SphinxError."""
    warnings = io.StringIO()
    nocolor()  # Sphinx would colour what it writes into a string, too
    with patch_docutils(str(source)), docutils_namespace():
        app = Sphinx(
            *(source, source, site, doctrees, "html"),
            status=None,
            warning=warnings,
            freshenv=True,
        )
        app.build(force_all=True)
    return [line.replace(f"{ROOT}/", "") for line in warnings.getvalue().splitlines() if line.strip()]


def main() -> int:
    """Returns the exit status: 1 if anything at all is wrong."""
    start = time.monotonic()
    site = OUT / "html"
    # From nothing each time: a page whose source is gone, or a warning already given, must not stay hidden.
    shutil.rmtree(site, ignore_errors=True)
    shutil.rmtree(OUT / "doctrees", ignore_errors=True)
    try:
        wrong = build(DOCS, site, OUT / "doctrees")
    except SphinxError as error:
        print(f"error: the documentation cannot be built: {error}", file=sys.stderr)
        return 1
    broken, links = check_site(site)
    wrong += broken
    for line in wrong:
        print(line, file=sys.stderr)
    pages = len(list(site.rglob("*.html")))
    print(
        f"{site.relative_to(ROOT)}/index.html: {pages} pages, {links} links, {len(wrong)} warnings,"
        f" {time.monotonic() - start:.1f} s"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
