"""Check of a built site, without a network: all links lead somewhere, nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    "link": ("href",),
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "iframe": ("src",),
    "object": ("data",),
    "video": ("src", "poster"),
}
"""What a browser fetches by itself; `a` it follows when it is asked to."""

ELSEWHERE = ("", "http", "https", "mailto", "data")
"""Kinds of links that lead out of the site; whether they arrive is not to be found out without a network."""


@dataclass
class Page:
    """What one HTML file has: anchors to link to, links, and what it loads."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value for name, value in attrs if value is not None}
        self.page.anchors.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.page.links.append(values["href"])
        self.page.loaded += [values[name] for name in LOADED.get(tag, ()) if name in values]


def read_page(text: str) -> Page:
    """The anchors and links of an HTML text."""
    reader = _Reader()
    # Colours of code are most of many a page, and no anchors: without them it is read several times as fast.
    reader.feed(re.sub(r'</?span(?: class="[^"]*")?>', "", text))
    return reader.page


def check_site(root: Path) -> tuple[list[str], int]:
    """What is wrong with the site in `root`, one line each, and how many links were looked at."""
    files = sorted(root.rglob("*.html"))
    pages = {file: read_page(file.read_text(encoding="utf-8")) for file in files}
    wrong: list[str] = []
    count = 0
    for file, page in pages.items():
        here = file.relative_to(root)
        for link in [*page.links, *page.loaded]:
            count += 1
            if reason := _broken(root, file, link, pages):
                wrong.append(f"{here}: {link}: {reason}")
        wrong += [f"{here}: {link}: loaded from elsewhere" for link in page.loaded if _is_elsewhere(link)]
    for style in sorted(root.rglob("*.css")):
        loaded = re.findall(
            r"(?:@import\s+|url\(\s*)[\"']?((?:https?:)?//[^\"')\s]+)", style.read_text("utf-8")
        )
        wrong += [f"{style.relative_to(root)}: {link}: loaded from elsewhere" for link in loaded]
    return list(dict.fromkeys(wrong)), count


def _is_elsewhere(link: str) -> bool:
    return link.startswith(("http:", "https:", "//"))


def _broken(root: Path, file: Path, link: str, pages: dict[Path, Page]) -> str:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return "" if parts.scheme in ELSEWHERE else "a link of an unknown kind"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_relative_to(root.resolve()) and target != file:
        return "leads out of the site"
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return "there is no such page"
    known = pages.get(target)
    if parts.fragment and known and not {parts.fragment, unquote(parts.fragment)} & known.anchors:
        return "the page has no such anchor"
    return ""
