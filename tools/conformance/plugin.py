"""pytest: the marker `rfc6455(key, ...)` and the option `--conformance FILE`.

The marker names the rules (`tools.conformance.rules`) that a test covers; a key that does not exist is an
error. The option writes the table of what was collected, and is an error if a rule has no test.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.conformance.rules import RULES
from tools.conformance.table import render, robot_suites, without_test

MARKER = "rfc6455"
_KEYS = frozenset(rule.key for rule in RULES)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option."""
    parser.getgroup("conformance").addoption(
        "--conformance",
        metavar="FILE",
        help="write the table of RFC 6455's rules and the tests collected for each",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", f"{MARKER}(key, ...): rules of RFC 6455 that the test covers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Check the markers; write the table if that is asked for."""
    covered: dict[str, set[str]] = {}
    for item in items:
        for marker in item.iter_markers(MARKER):
            for key in marker.args:
                if key not in _KEYS:
                    raise pytest.UsageError(
                        f"{item.nodeid}: there is no rule {key!r} in tools/conformance/rules.py"
                    )
                covered.setdefault(key, set()).add(item.nodeid.partition("[")[0])
    path = config.getoption("conformance")
    if path is None:
        return
    missing = without_test(covered)
    if missing:
        listed = "".join(f"\n  {rule.key}: {rule.text}" for rule in missing)
        raise pytest.UsageError(f"no test with the marker {MARKER} covers these rules of RFC 6455:{listed}")
    suites = robot_suites(config.rootpath / "bench" / "robot")
    Path(path).write_text(render(covered, suites), encoding="utf-8")
