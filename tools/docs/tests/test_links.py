"""A broken link is named with its page and the reason, and so is what a browser would load from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docs.links import check_site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page.html").write_text('<h1 id="top">x</h1><a href="../index.html#a%20b">up</a>')
    (tmp_path / "style.css").write_text("body { background: url(picture.png) }")
    return tmp_path


def wrong(site: Path, body: str) -> list[str]:
    (site / "index.html").write_text(f'<p id="a b"></p>{body}')
    return check_site(site)[0]


@pytest.mark.parametrize(
    "body",
    [
        '<a href="deep/page.html#top">',
        '<a href="#a b">',
        '<a href="">',
        '<a href="https://example.org/">',
        '<link rel="stylesheet" href="style.css?v=1">',
        '<img src="data:image/png;base64,AA==">',
    ],
)
def test_good_links_pass(site: Path, body: str) -> None:
    assert wrong(site, body) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('<a href="absent.html">', "absent.html: there is no such page"),
        ('<a href="deep/page.html#gone">', "the page has no such anchor"),
        ('<a href="#gone">', "the page has no such anchor"),
        ('<a href="../outside.html">', "leads out of the site"),
        ('<img src="gone.png">', "there is no such page"),
        ('<a href="javascript:alert()">', "a link of an unknown kind"),
        ('<script src="https://example.org/a.js">', "loaded from elsewhere"),
        ('<link rel="stylesheet" href="//example.org/a.css">', "loaded from elsewhere"),
    ],
)
def test_bad_links_are_named(site: Path, body: str, reason: str) -> None:
    (found,) = wrong(site, body)
    assert found.startswith("index.html: ")
    assert reason in found


def test_style_sheets_load_nothing_from_elsewhere(site: Path) -> None:
    (site / "style.css").write_text("@font-face { src: url('https://example.org/font.woff2') }")
    assert wrong(site, "") == ["style.css: https://example.org/font.woff2: loaded from elsewhere"]


def test_links_are_counted(site: Path) -> None:
    (site / "index.html").write_text('<p id="a b"></p><a href="#a b"></a><img src="style.css">')
    assert check_site(site) == ([], 3)
