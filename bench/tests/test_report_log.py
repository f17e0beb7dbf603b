"""Robot's log as people see it, in a browser: what stands at its head, and the ladder on a narrow screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.tests.chromium import Browser, needs_chromium
from bench.tests.test_robot import ECHO, HEAD, Run, run

TAGS = "    [Tags]    layer:tcp    fast    rfc6455-5.1    masking    needs:websocket\n"
PICTURE = "document.querySelector('svg.ladder')"
WIDTH, HALF = 400, 200
"""Of a telephone, in CSS pixels."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    tagged = ECHO.format(name="One").replace("One\n", "One\n" + TAGS, 1)
    return run(tmp_path_factory.mktemp("log"), HEAD + tagged + "Wrong\n    Fail    as it should\n")


def test_only_layers_and_speed_are_counted_at_its_head(finished: Run) -> None:
    """The log holds its texts as a list of strings, each with a star before it."""
    for name in ("log.html", "report.html"):
        page = (finished.report / name).read_text()
        found = re.search(r'window\.output\["stats"\] = \[(.*?)\];\n', page, re.DOTALL)
        assert found is not None
        labels = re.findall(r'"label":"([^"]*)"', found[1])
        assert {"layer:tcp", "fast"} <= set(labels)
        assert not {"rfc6455-5.1", "masking", "needs:websocket"} & set(labels)
    assert "<tag>rfc6455-5.1</tag>" in (finished.report / "output.xml").read_text()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@needs_chromium
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_ladder_on_a_narrow_screen_has_room_and_can_be_seen_whole(
    browser: Browser, finished: Run, dark: bool
) -> None:
    browser.look(WIDTH, 900, dark=dark)
    browser.open(f"{(finished.report / 'log.html').as_uri()}#s1-t1")
    browser.wait(f"!!{PICTURE}")
    shown = browser.evaluate(f"{PICTURE}.parentNode.getBoundingClientRect().width")
    assert shown > HALF
    assert browser.evaluate(f"getComputedStyle({PICTURE}.parentNode).overflowX") == "auto"
    browser.evaluate("window.open = place => { window.opened = place }")
    browser.evaluate("[...document.links].find(a => a.textContent.includes('window of its own')).click()")
    browser.open(browser.evaluate("window.opened"))
    assert browser.evaluate("document.documentElement.tagName") == "svg"
    assert browser.evaluate("document.documentElement.getBoundingClientRect().width") > 1000
    ink, paper = browser.evaluate(
        "(e => [getComputedStyle(e.querySelector('text')).fill, getComputedStyle(e).backgroundColor])"
        "(document.documentElement)"
    )
    assert (brightness(ink) > brightness(paper)) is dark
    assert browser.errors == []


def brightness(colour: str) -> int:
    return sum(map(int, re.findall(r"\d+", colour)[:3]))


def test_the_picture_of_the_readme_is_whole() -> None:
    """It was cut off at the right once: nothing but the page's own white stands at its edge."""
    image = pytest.importorskip("PIL.Image")
    with image.open(Path(__file__).resolve().parents[2] / "docs" / "failed_test.png") as opened:
        picture = opened.convert("RGB")
    edge = [
        picture.getpixel((picture.width - 1 - x, y)) for x in range(4) for y in range(2, picture.height - 2)
    ]
    assert all(min(pixel) > 200 for pixel in edge)
