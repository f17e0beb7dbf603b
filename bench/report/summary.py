"""The summary of a run on one page: as HTML beside Robot's reports, as Markdown for a CI's job page.

Failed tests come first; then the suites by engine, and what the run was made with.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape

from bench.report.colours import variables
from bench.report.figures import FIGURES
from bench.report.plots import Plot
from bench.report.run_record import RunRecord
from bench.report.trend import Change, Trend

STYLE = """
body{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif;max-width:64rem;
margin:2rem auto;padding:0 1rem}
h1{margin-bottom:.2rem}a{color:var(--blue)}
table{border-collapse:collapse}th,td{border:1px solid var(--rule);padding:.3rem .8rem;text-align:left;
vertical-align:top}
thead th{background:var(--band)}
pre{background:var(--band);padding:.6rem;white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0 1rem}
.pass{color:var(--green)}.fail{color:var(--red);font-weight:bold}.skip{color:var(--amber)}
figure{margin:.5rem 0}figcaption{color:var(--soft)}.plot{width:100%;max-width:48rem;height:auto;display:block}
.numbers td{text-align:right;font-variant-numeric:tabular-nums}summary{cursor:pointer}
.failed{border-left:4px solid var(--red);padding-left:1rem}.scroll{overflow-x:auto}
"""

SIGNS = {"FAIL": "✗", "PASS": "✓", "SKIP": "↷"}
CUT_SHORT = "the test that was running counts as failed, what had not run by then as skipped."
SAME = "Nothing has changed."
WORDS = {"FAIL": "failed", "PASS": "passed", "SKIP": "skipped"}


def closing_line(count: Mapping[str, int]) -> str:
    """How many tests ended how, in words."""
    return f"{sum(count.values())} tests: " + ", ".join(
        f"{count.get(status, 0)} {word}"
        for status, word in sorted(WORDS.items(), key=lambda w: w[1] != "passed")
    )


def columns(run: RunRecord, others: Sequence[RunRecord]) -> list[RunRecord]:
    """The run, then the latest ones of other engines with the same title, firmware and seed.

    What differs in these is not comparable side by side.
    """

    def key(record: RunRecord) -> tuple[str, str | None, str | None]:
        return record.title, record.metadata.get("Firmware"), record.metadata.get("Seed")

    return [run, *(other for other in others if other.engine != run.engine and key(other) == key(run))]


def html(
    run: RunRecord,
    others: Sequence[RunRecord] = (),
    interrupted: bool = False,
    trend: Trend | None = None,
    measured: Sequence[Plot] = (),
) -> str:
    """The page: one file that needs no other, apart from the log that it links to.

    `others` are runs of other engines to show beside this one, `measured` the plots of this run.
    """
    records = columns(run, others)
    count = run.count()
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(run.title)}: summary</title>",
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">',
        f"<style>{variables(':root')}{STYLE}</style></head><body><h1>{escape(run.title)}</h1>",
        f'<p class="{_class(count)}">{_sign(count)} {closing_line(count)}</p>',
    ]
    if interrupted:
        parts.append(f'<p class="fail">Interrupted: {CUT_SHORT}</p>')
    if run.failed:
        parts.append("<h2>Failed tests</h2>")
    for test in run.failed:
        link = f'<a href="log.html#{escape(test.id)}">{escape(test.suite)}: {escape(test.name)}</a>'
        parts.append(f'<div class="failed">✗ {link}<pre>{escape(plain(test.message))}</pre></div>')
    if trend is not None:
        parts.append(_trend_html(trend))
    heads = "".join(f'<th scope="col">{escape(record.engine)}</th>' for record in records)
    parts.append(
        f'<h2>Suites by engine</h2><div class="scroll"><table><thead><tr><th>Suite</th>{heads}</tr></thead>'
    )
    suites = all_suites(records)
    places = {test.suite: test.id.rpartition("-")[0] for test in run.tests}
    for suite, name in zip(suites, short(suites), strict=True):
        cells = "".join(_cell(record.count(suite)) for record in records)
        said = (
            f'<a href="log.html#{escape(places[suite])}">{escape(name)}</a>'
            if suite in places
            else escape(name)
        )
        parts.append(f'<tr><th scope="row">{said}</th>{cells}</tr>')
    if len(suites) > 1:
        cells = "".join(_cell(record.count()) for record in records)
        parts.append(f'<tr><th scope="row">All suites</th>{cells}</tr>')
    parts.append("</table></div>")
    parts += map(_plot, measured)
    parts.append("<h2>What ran</h2><table>")
    for name, value in made_with(run).items():
        parts.append(f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>')
    files = ("log.html", "report.html", "output.xml", "xunit.xml", FIGURES, "captures/")
    links = " · ".join(f'<a href="{name}">{name}</a>' for name in files)
    parts.append(f"</table><p>{links}</p></body></html>\n")
    return "\n".join(parts)


def markdown(
    run: RunRecord,
    others: Sequence[RunRecord] = (),
    interrupted: bool = False,
    trend: Trend | None = None,
    measured: Sequence[Plot] = (),
) -> str:
    """The same for GitHub's and GitLab's Markdown. Links would lead nowhere there, so there are none.

    Nor are there pictures, for which it has no place: plots are told in words.
    """
    records = columns(run, others)
    lines = [f"## {literal(run.title)}", "", f"{_sign(run.count())} {closing_line(run.count())}", ""]
    if interrupted:
        lines += [f"**Interrupted:** {CUT_SHORT}", ""]
    if run.failed:
        lines += ["### Failed tests", ""]
    for test in run.failed:
        message = escape(plain(test.message), quote=False)
        lines += [f"**✗ {literal(test.suite)}: {literal(test.name)}**", "", f"<pre>{message}</pre>", ""]
    if trend is not None:
        lines += _trend_markdown(trend)
    lines += ["### Suites by engine", "", _row("Suite", *(literal(record.engine) for record in records))]
    lines.append("|---" * (len(records) + 1) + "|")
    suites = all_suites(records)
    for suite, name in zip(suites, short(suites), strict=True):
        lines.append(_row(literal(name), *(_tally(record.count(suite)) for record in records)))
    if len(suites) > 1:
        lines.append(_row("All suites", *(_tally(record.count()) for record in records)))
    if measured:
        lines += ["", "### Measured", ""]
        lines += [f"* **{plot.title}:** {literal(plot.words)}" for plot in measured]
    lines += ["", "### What ran", "", "| | |", "|---|---|"]
    lines += [_row(literal(name), literal(value)) for name, value in made_with(run).items()]
    return "\n".join(lines) + "\n"


def made_with(run: RunRecord) -> dict[str, str]:
    """What the run was made with, and when."""
    return {
        **run.metadata,
        "Tools": run.tool,
        "Begun": run.begun,
        "Took": f"{run.seconds:.1f} s of the host's time",
    }


def all_suites(records: Sequence[RunRecord]) -> list[str]:
    """The suites of all records, in order, each once."""
    return list(dict.fromkeys(suite for record in records for suite in record.suites()))


def short(suites: Sequence[str]) -> list[str]:
    """Their names without what all of them begin with: the suite that is around them."""
    first = {suite.partition(".")[0] for suite in suites}
    if len(first) == 1 and all("." in suite for suite in suites):
        return [suite.partition(".")[2] for suite in suites]
    return list(suites)


def plain(message: str) -> str:
    """A message as text: Robot marks those that are HTML."""
    if message.startswith("*HTML*"):
        message = re.sub(r"<[^>]*>", "", message.removeprefix("*HTML*"))
    return message.strip()


def literal(text: str) -> str:
    """Text that Markdown shows as it is, in a cell of a table, too."""
    return re.sub(r"([\\`*_{}\[\]<>|#~&])", r"\\\1", " ".join(text.split()))


def _plot(plot: Plot) -> str:
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in plot.head)
    rows = "".join(f"<tr>{_first(row[0])}{_numbers(row[1:])}</tr>" for row in plot.rows)
    words = f"<figcaption>{escape(plot.words)}</figcaption>"
    return (
        f"<h2>{escape(plot.title)}</h2><figure>{plot.picture}{words}</figure>"
        f'<details><summary>The figures</summary><div class="scroll"><table class="numbers">'
        f"<thead><tr>{heads}</tr></thead>{rows}</table></div></details>"
    )


def _first(text: str) -> str:
    return f'<th scope="row">{escape(text)}</th>'


def _numbers(cells: Sequence[str]) -> str:
    return "".join(f"<td>{escape(cell)}</td>" for cell in cells)


def _trend_html(trend: Trend) -> str:
    parts = ["<h2>Since the baseline</h2>"]
    for heading, changes in trend.headed():
        rows = "".join(f"<li>{escape(_change(change))}</li>" for change in changes)
        parts.append(f"<h3>{heading} ({len(changes)})</h3><ul>{rows}</ul>")
    if len(parts) == 1:
        parts.append(f"<p>{SAME}</p>")
    return "".join(parts) + (f"<p>{_unseen(trend)}</p>" if trend.unseen else "")


def _trend_markdown(trend: Trend) -> list[str]:
    lines = ["### Since the baseline", ""]
    for heading, changes in trend.headed():
        lines += [f"**{heading} ({len(changes)})**", ""]
        lines += [f"* {literal(_change(change))}" for change in changes] + [""]
    if len(lines) == 2:
        lines += [SAME, ""]
    return lines + ([_unseen(trend), ""] if trend.unseen else [])


def _unseen(trend: Trend) -> str:
    return f"{trend.unseen} tests of the baseline were not to run this time."


def _change(change: Change) -> str:
    return f"{change.test}: {change.what}" if change.what else change.test


def _worst(count: Mapping[str, int]) -> str:
    return next((status for status in SIGNS if count.get(status)), "SKIP")


def _sign(count: Mapping[str, int]) -> str:
    return SIGNS[_worst(count)]


def _class(count: Mapping[str, int]) -> str:
    return _worst(count).lower()


def _tally(count: Counter[str]) -> str:
    if not count:
        return "not run"
    told = ", ".join(f"{count[status]} {WORDS[status]}" for status in SIGNS if count[status])
    return f"{_sign(count)} {told}"


def _cell(count: Counter[str]) -> str:
    return f'<td class="{_class(count)}">{_tally(count)}</td>'


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
