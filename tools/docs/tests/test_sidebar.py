"""One sidebar serves all pages of sources, wherever they lie."""

from __future__ import annotations

import pytest

from tools.docs.sidebar import rebased


@pytest.mark.parametrize(
    ("old", "new", "link"),
    [
        ("../", "../../../", "../../../api/board.html#x"),
        ("../../", "../", "../api/board.html#x"),
        ("", "../", "../api/board.html#x"),
    ],
)
def test_links_are_rebased(old: str, new: str, link: str) -> None:
    assert rebased(f'<a href="{old}api/board.html#x">', old, new) == f'<a href="{link}">'


def test_other_links_stay() -> None:
    html = '<a href="https://example.org"> <a href="#">'
    assert rebased(html, "", "../") == html
