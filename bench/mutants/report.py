"""What `bench mutants` leaves behind: a table, a JSON file, a page of the documentation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from bench.files import write_whole
from bench.mutants.catalogue import FAMILIES
from bench.mutants.trial import Fate, Verdict

STYLES = {Fate.CAUGHT: "green", Fate.SURVIVED: "bold red"}

_INTRODUCTION = """\
# Mutants

A test that has never failed proves little. Each row is a defect that was built into a firmware of its own,
and the test that notices it. `bench mutants` builds them all and runs the tests against each; this page is
what it found:

```
build/venv/bin/bench mutants --write-docs
```

`bench mutants NAME` tries one of them, `--all-tests` shows every test that notices, `--keep` leaves firmware
and captures in `build/mutants/`. `make test` tries a few, and fails when this page lists other mutants than
there are.
"""


def table(verdicts: Sequence[Verdict]) -> Table:
    """One row for each mutant: what is wrong with it, and who says so."""
    shown = Table("mutant", "what is wrong", "caught by", "message", title="Mutants")
    shown.columns[0].no_wrap = True
    for column in shown.columns[1:]:
        column.overflow = "fold"
    for verdict in verdicts:
        name = Text(verdict.name, style=STYLES.get(verdict.fate, "bold yellow"))
        if verdict.fate is Fate.CAUGHT:
            cases = Counter(short(catch.test).partition("[")[0] for catch in verdict.catches)
            catchers = "\n".join(f"{name} ({count})" if count > 1 else name for name, count in cases.items())
            if len(verdict.catches) == 1:
                catchers = short(verdict.catches[0].test)
            shown.add_row(name, verdict.wrong, Text(catchers), Text(verdict.catches[0].message))
        else:
            shown.add_row(name, verdict.wrong, Text(str(verdict.fate).upper()), Text(verdict.detail))
    return shown


def short(test: str) -> str:
    """A test's name without its folders."""
    file, colons, name = test.partition("::")
    return Path(file).name + colons + name


def summary(verdicts: Sequence[Verdict], wanted: int) -> str:
    """The last line: how many of each fate."""
    counts = {fate: sum(v.fate is fate for v in verdicts) for fate in Fate}
    parts = [f"{count} {fate}" for fate, count in counts.items() if count]
    if len(verdicts) < wanted:
        parts.append(f"{wanted - len(verdicts)} not tried")
    return f"{wanted} mutants: " + ", ".join(parts)


def results(
    verdicts: Sequence[Verdict], wanted: int, made_with: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Everything that is known so far, for programs; `made_with` says of which firmware the mutants are."""
    return {
        **(made_with or {}),
        "complete": len(verdicts) == wanted,
        "all_caught": len(verdicts) == wanted and all(v.fate is Fate.CAUGHT for v in verdicts),
        "mutants": [verdict.as_dict() for verdict in verdicts],
    }


def write_json(
    path: Path, verdicts: Sequence[Verdict], wanted: int, made_with: Mapping[str, Any] | None = None
) -> None:
    """Write everything that is known so far. Raises UserError."""
    told = results(verdicts, wanted, made_with)
    write_whole(path, json.dumps(told, indent=2) + "\n", "name another file with --output")


def write_page(path: Path, verdicts: Iterable[Verdict]) -> None:
    """Write docs/mutants.md from verdicts on all mutants. Raises UserError."""
    by_name = {verdict.name: verdict for verdict in verdicts}
    lines = [_INTRODUCTION]
    for family in FAMILIES:
        lines += [f"## {family.title}", "", family.about, ""]
        lines += ["| Mutant | What is wrong | Caught by | Its message |", "|---|---|---|---|"]
        for mutant in family.mutants:
            catch = by_name[mutant.name].catches[0]
            file, _, test = catch.test.partition("::")
            where = f"[{Path(file).name}](../{file}): {_code(test)}"
            lines.append(f"| `{mutant.name}` | {mutant.wrong} | {where} | {_code(catch.message)} |")
        lines.append("")
    write_whole(path, "\n".join(lines), "see --write-docs")


def _code(text: str) -> str:
    """Text as code in a cell of a table."""
    quoted = text.replace("|", "\\|")
    ticks = "``" if "`" in text else "`"
    return f"{ticks} {quoted} {ticks}" if "`" in text else f"{ticks}{quoted}{ticks}"
