"""The table as Markdown: one row per rule, with the tests that cover it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.conformance.rules import RULES, Rule

TAG = "rfc6455-"
"""What the tags of Robot tests start with; a section of RFC 6455 follows."""

HEAD = """\
# Conformance to RFC 6455

One row for each rule of [RFC 6455](https://www.rfc-editor.org/rfc/rfc6455) that binds a server, in our own
words, with the tests that cover it. The tests themselves say so, with the marker `rfc6455`; this page is
written from their markers:

```
build/venv/bin/python -m pytest --collect-only -q --conformance docs/conformance.md ws_server packet_tests
```

`make test` fails when a rule is without a test, or when this page is not what the markers say. Tests below
`ws_server` judge the server's code (the rows of `test_tables.py` on CPython and on MicroPython); those below
`packet_tests` judge the server on the emulated board, from the wire. The last column names the Robot suites
with tests of the section.

"""


def render(covered: Mapping[str, Iterable[str]], suites: Mapping[str, Iterable[str]]) -> str:
    """The page. `covered`: rule keys to node ids without parameters; `suites`: sections to Robot files."""
    lines = ["| Section | | Rule | Tests | Robot |", "|---|---|---|---|---|"]
    for rule in RULES:
        robot = " ".join(
            f"[{name}](../bench/robot/{name}.robot)" for name in sorted(suites.get(rule.section, ()))
        )
        tests = "<br>".join(_links(covered.get(rule.key, ())))
        lines.append(f"| {rule.section} | {rule.level} | {rule.text} | {tests} | {robot} |")
    return HEAD + "\n".join(lines) + "\n"


def _links(tests: Iterable[str]) -> list[str]:
    """For each file a link, and the names of its tests."""
    files: dict[str, list[str]] = {}
    for node in sorted(set(tests)):
        path, _, name = node.partition("::")
        files.setdefault(path, []).append(name)
    return [f"[{path}](../{path}): " + ", ".join(f"`{n}`" for n in names) for path, names in files.items()]


def without_test(covered: Mapping[str, Iterable[str]]) -> list[Rule]:
    """The rules that no test covers."""
    return [rule for rule in RULES if not list(covered.get(rule.key, ()))]


def robot_suites(folder: Path) -> dict[str, set[str]]:
    """Sections of RFC 6455 to the names of the suites whose tests have a tag for them."""
    from robot.api import TestSuite

    found: dict[str, set[str]] = {}
    for path in sorted(folder.glob("*.robot")):
        for test in TestSuite.from_file_system(path).all_tests:
            for tag in test.tags:
                if tag.startswith(TAG):
                    found.setdefault(tag.removeprefix(TAG), set()).add(path.stem)
    return found
