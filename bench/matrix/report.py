"""What is kept of a failing case: its capture from reset on, and a test that runs it again."""

from __future__ import annotations

import re
from pathlib import Path

from bench.capture import Capture
from bench.matrix.cases import AnyCase
from bench.matrix.runner import Result
from bench.matrix.workers import Setup
from emulation.errors import UserError

_TEST = '''"""{case}

Found by `bench matrix`; run it with: pytest {name}
"""

from bench.matrix.cases import find_any
from bench.matrix.runner import Runner


def test_case() -> None:
    with Runner({options}) as runner:
        result = runner.run(find_any({case!r}))
    assert result.passed, "\\n".join(result.problems)
'''


def save(case: AnyCase, setup: Setup, folder: Path) -> tuple[Path, Path]:
    """Run a case on a board of its own; write everything from reset on as pcapng, and the test beside it.

    Returns the paths of capture and test. Raises UserError if they cannot be written.
    """
    name = re.sub(r"[^\w.=@+-]+", "_", case.id)[:120]
    options = f"{setup.engine!r}, seed={setup.seed}"
    if setup.firmware is not None:
        options = f"{setup.engine!r}, {str(setup.firmware)!r}, seed={setup.seed}"
    capture, result, origin = replay(case, setup)
    comment = f"{case.id}: {'; '.join(result.problems) or 'passed'}; {origin}"
    saved = capture.write(folder / f"{name}.pcapng", comment)
    test = folder / f"test_{re.sub(r'[^A-Za-z0-9]+', '_', case.id).strip('_')[:100]}.py"
    try:
        test.write_text(_TEST.format(case=case.id, name=test.name, options=options))
    except OSError as error:
        raise UserError(f"cannot write {test}: {error.strerror}", "choose a folder with --report") from None
    return saved, test


def replay(case: AnyCase, setup: Setup) -> tuple[Capture, Result, str]:
    """Run a case on a board of its own: what crossed the wire from reset on, the result, and which board."""
    capture = Capture()
    with setup.runner(capture) as runner:
        # Reaching a state looks ahead a little and goes back: what is seen of that never happened.
        runner.oracle.restore(runner.beginning(case))
        now = runner.board.clock.now
        capture.frames[:] = [frame for frame in capture.frames if frame.time <= now]
        return capture, runner.run(case), runner.board.origin
