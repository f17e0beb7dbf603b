"""`python -m tools.packaging [try]`: build sdist and wheels into dist/, try them elsewhere."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emulation.errors import UserError
from tools.bootstrap import project
from tools.packaging.build import build_distributions
from tools.packaging.trial import try_distributions


def main(arguments: list[str]) -> int:
    """Do what the Makefile asks; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.packaging", description=__doc__)
    parser.add_argument("goal", choices=("build", "try"), nargs="?", default="build")
    options = parser.parse_args(arguments)
    try:
        built = build_distributions(project.ROOT / "dist")
        for path in built.all:
            print(f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}", flush=True)
        if options.goal == "try":
            try_distributions(built.for_this_machine, built.sdist)
    except UserError as error:
        print(f"error: {error.message}\n  what to do: {error.hint}", file=sys.stderr)
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
