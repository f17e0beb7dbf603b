"""The web console's boxes show the newest line, until their user scrolls up, and again from the end on."""

from __future__ import annotations

import pytest

from bench import Board
from bench.tests.chromium import Browser, needs_chromium
from packet_tests.test_web_console_page import Served, browser, connect, served

__all__ = ["browser", "served"]

pytestmark = needs_chromium

BOXES = ("#log", "#rows", "#console")
AT_END = "(e => e.scrollHeight - e.scrollTop - e.clientHeight < 8)(document.querySelector('%s'))"
"""Less than half a line from the end: the newest one is to be read."""
FOLLOWED = """new Promise((done) => {
  const atEnd = (box) => { const e = document.querySelector(box);
    return e.scrollHeight - e.scrollTop - e.clientHeight < 8; };
  let looks = 120;
  const look = () => { const there = %s.filter(atEnd);
    if (there.length === %s.length || --looks === 0) done(there.join(" "));
    else requestAnimationFrame(look); };
  requestAnimationFrame(() => requestAnimationFrame(look));
})"""
"""The boxes that are at their end, as soon as all are: a frame of the board may come at any moment, and its
row is drawn with the page's next picture. A box that does not follow never gets there."""
SETTLED = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


def fill_all(browser: Browser) -> None:
    """More lines in every box than it can show."""
    connect(browser)
    browser.fill("#times", "40")
    browser.fill("#payload", "a rather long text that has to be broken where there is little room {n}")
    browser.press("Enter")
    browser.wait_for_text("#received", "40")
    browser.click("#interrupt")
    browser.wait_for_text("#console", ">>>")
    browser.fill("#line", "print('line\\n' * 80 + 'all ' + 'printed')")
    browser.press("Enter")
    browser.wait_for_text("#console", "all printed")


def say(browser: Browser, text: str) -> None:
    """One more line in the log and on the console."""
    browser.fill("#line", f"print('{text}', 6 * 7)")
    browser.press("Enter")
    browser.wait_for_text("#console", f"{text} 42")
    browser.evaluate(f"document.querySelector('#path').value = 'no path {text}'")
    browser.click("#connect button")
    browser.wait_for_text("#log", f"no path {text}")
    browser.evaluate(SETTLED)


@pytest.mark.parametrize("dark", [False, True])
def test_they_follow_however_the_page_changes_its_size(board: Board, served: Served, dark: bool) -> None:
    def works(browser: Browser) -> None:
        def ends() -> list[str]:
            boxes = str(list(BOXES))
            return str(browser.evaluate(FOLLOWED % (boxes, boxes))).split()

        browser.look(1280, 900, dark=dark)
        fill_all(browser)
        assert ends() == list(BOXES)
        for width, height in ((1280, 700), (400, 800), (900, 600), (1280, 900)):
            browser.look(width, height, dark=dark)
            assert ends() == list(BOXES), (width, height)
            say(browser, f"{width}")
            assert ends() == list(BOXES), (width, height)
        for _ in range(2):
            browser.evaluate("document.querySelector('#acks').click()")
            assert "#rows" in ends()

        browser.click("#reset")  # whoever interrupts its program leaves a board that is not well
        browser.wait_for_text("#link", "running")

    served.use(works)


@pytest.mark.parametrize("box", ["#log", "#console"])
def test_who_has_scrolled_up_is_left_alone_until_back_at_the_end(
    board: Board, served: Served, box: str
) -> None:
    def works(browser: Browser) -> None:
        fill_all(browser)
        browser.evaluate(f"document.querySelector('{box}').scrollTop = 40")
        browser.evaluate(SETTLED)
        say(browser, "unseen")
        browser.look(1280, 700)
        say(browser, "unseen too")
        assert browser.evaluate(f"document.querySelector('{box}').scrollTop") == 40
        browser.evaluate(f"(e => {{ e.scrollTop = e.scrollHeight; }})(document.querySelector('{box}'))")
        browser.evaluate(SETTLED)
        say(browser, "seen")
        assert browser.evaluate(AT_END % box)

        browser.click("#reset")  # whoever interrupts its program leaves a board that is not well
        browser.wait_for_text("#link", "running")

    served.use(works)
