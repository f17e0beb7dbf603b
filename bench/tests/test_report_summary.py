"""The summary of real Robot runs; the suites need no board."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import robot

from bench.report.plots import Plot
from bench.report.run_record import RunRecord, read_run
from bench.report.summary import html, markdown, short
from emulation.errors import UserError

SUITE = """\
*** Test Cases ***
Right
    No Operation

Wrong <b>&"name" | one
    Fail    expected <x> & `y`\\ncame: | nothing

Left Out
    Skip    this engine cannot
"""

Runner = Callable[..., RunRecord]


@pytest.fixture
def ran(tmp_path: Path) -> Runner:
    """Runs the suite, with `engine` as metadata, and reads the record of it."""

    def run(engine: str = "quark", seed: int = 1, suite: str = SUITE) -> RunRecord:
        path = tmp_path / "own.robot"
        path.write_text(suite)
        output = tmp_path / f"{engine}-{seed}.xml"
        metadata = [f"Engine:{engine} (described)", f"Seed:{seed}"]
        sink = io.StringIO()
        robot.run(
            str(path), output=str(output), log=None, report=None, metadata=metadata, stdout=sink, stderr=sink
        )
        return read_run(output)

    return run


class Page(HTMLParser):
    """Text, links and tags of a page; fails at an end tag that ends nothing."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said = ""
        self.links: list[str] = []
        self.tags: set[str] = set()
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def test_a_record_has_status_message_and_place_of_every_test(ran: Runner) -> None:
    record = ran()
    assert record.engine == "quark"
    assert [(test.suite, test.status, test.id) for test in record.tests] == [
        ("Own", "PASS", "s1-t1"),
        ("Own", "FAIL", "s1-t2"),
        ("Own", "SKIP", "s1-t3"),
    ]
    assert record.tests[1].message == "expected <x> & `y`\ncame: | nothing"


def test_the_page_begins_with_what_failed_and_links_to_it_in_the_log(ran: Runner) -> None:
    page = Page(html(ran()))
    assert "✗ 3 tests: 1 passed, 1 failed, 1 skipped" in page.said
    assert 'Own: Wrong <b>&"name" | one' in page.said
    assert "expected <x> & `y`\ncame: | nothing" in page.said
    assert page.said.index("Failed tests") < page.said.index("Suites by engine") < page.said.index("What ran")
    assert page.links[0] == "log.html#s1-t2"


def test_the_page_needs_no_other_file_and_no_network(ran: Runner) -> None:
    text = html(ran())
    page = Page(text)
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert not any("//" in link for link in page.links)
    assert "url(" not in text
    assert "prefers-color-scheme:dark" in text


def test_engines_stand_side_by_side_only_where_they_ran_the_same(ran: Runner) -> None:
    here, other, another_seed = ran("quark"), ran("renode"), ran("renode", seed=2)
    assert re.search(r"<th[^>]*>quark</th><th[^>]*>renode</th>", html(here, [other]))
    assert ">renode</th>" not in html(here, [another_seed])
    assert "| Suite | quark | renode |" in markdown(here, [other])


def test_a_run_without_failures_says_so_without_a_list(ran: Runner) -> None:
    record = ran(suite="*** Test Cases ***\nRight\n    No Operation\n")
    for text in (html(record), markdown(record)):
        assert "✓ 1 tests: 1 passed, 0 failed, 0 skipped" in text
        assert "Failed tests" not in text


def test_plots_are_part_of_the_page_and_told_in_markdown(ran: Runner) -> None:
    plot = Plot("Sizes", "One <is> less.", '<svg class="plot"></svg>', ("Name", "Size"), [("a & b", "1")])
    page = html(ran(), measured=[plot])
    assert '<h2>Sizes</h2><figure><svg class="plot"></svg><figcaption>One &lt;is&gt; less.' in page
    assert '<th scope="row">a &amp; b</th><td>1</td>' in page
    assert Page(page).tags >= {"figure", "details", "svg"}
    assert "### Measured\n\n* **Sizes:** One \\<is\\> less.\n" in markdown(ran(), measured=[plot])
    assert "### Measured" not in markdown(ran())


def test_suites_of_a_whole_run_are_named_without_it(ran: Runner) -> None:
    assert short(["Bench.Masking", "Bench.UTF-8"]) == ["Masking", "UTF-8"]
    assert short(["Own"]) == ["Own"]
    assert short(["Bench.Masking", "Other.UTF-8"]) == ["Bench.Masking", "Other.UTF-8"]
    text = html(ran())
    assert '<a href="log.html#s1">Own</a>' in text
    assert "All suites" not in text  # there is one


def test_markdown_shows_names_and_messages_as_they_are(ran: Runner) -> None:
    text = markdown(ran())
    assert '**✗ Own: Wrong \\<b\\>\\&"name" \\| one**' in text
    assert "<pre>expected &lt;x&gt; &amp; `y`\ncame: | nothing</pre>" in text
    rows = [line for line in text.splitlines() if line.startswith("| Own")]
    assert rows == ["| Own | ✗ 1 failed, 1 passed, 1 skipped |"]


@pytest.mark.parametrize("content", [b"", b"<robot><suite>", b"\xff\xfe no xml", b"<html></html>"])
def test_a_file_that_is_no_record_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "output.xml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=re.escape(str(path))):
        read_run(path)
