"""The program `bench`: takes over before anything slow is imported, so that Ctrl-C is never a traceback."""

from __future__ import annotations

import os
import sys

from bench.exit_codes import INTERRUPTED, RUN_INTERRUPTED


def main() -> None:
    """Run the command line."""
    try:
        from bench.cli import main as command_line
    except KeyboardInterrupt:
        os.write(2, b"error: interrupted\n")
        sys.exit(RUN_INTERRUPTED if sys.argv[1:2] == ["run"] else INTERRUPTED)
    command_line(prog_name="bench")
