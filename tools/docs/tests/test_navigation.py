"""Every page has a place in the sidebar, and those that are missing leave no hole."""

from __future__ import annotations

from tools.docs.navigation import FROM_ROOT, GROUPS, ROOT, from_root, groups, toctrees


def test_pages_that_are_missing_are_left_out_with_groups_that_have_none() -> None:
    assert groups({"index", "concepts", "reports"}) == {"Concepts": ["concepts"], "How to": ["reports"]}


def test_a_page_without_a_place_is_shown_under_more() -> None:
    assert groups({"concepts", "a_new_page", "api/board"})["More"] == ["a_new_page"]


def test_no_page_is_named_twice() -> None:
    named = [page for pages in GROUPS.values() for page in pages]
    assert len(named) == len(set(named))


def test_each_group_is_a_toctree() -> None:
    text = toctrees({"concepts", "changelog"})
    assert text.count("{toctree}") == 2
    assert ":caption: Concepts\n\nBoard, wire and time <concepts>\n" in text
    assert ":caption: Project\n\nchangelog\n" in text


def test_links_of_a_page_from_the_root_lead_where_they_led() -> None:
    page = "[a](docs/reports.md#x) [b](bench/robot/) [c](https://example.org) [d](#here) ![e](docs/parts.svg)"
    assert from_root(page) == (
        "[a](reports.md#x) [b](../bench/robot/) [c](https://example.org) [d](#here) ![e](parts.svg)"
    )


def test_pages_from_the_root_are_there() -> None:
    assert all((ROOT / file).is_file() for file in FROM_ROOT.values())
