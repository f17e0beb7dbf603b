"""Start of the bootstrap. Written so that an old Python can still read it and say that it is too old."""

import os
import sys

if sys.version_info < (3, 11):
    sys.stderr.write(
        "error: this project needs Python 3.11 or newer, but %s is Python %d.%d\n"
        "  what to do: install a newer one and name it, for example `make bench PYTHON=python3.12`\n"
        % (sys.executable, sys.version_info[0], sys.version_info[1])
    )
    sys.exit(1)

# Started by path as well as by `-m`: the project's root must be importable either way.
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tools.bootstrap.cli import main

sys.exit(main(sys.argv[1:]))
