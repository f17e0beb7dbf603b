"""The exit codes of `bench run`: Robot Framework's own (user guide, 3.1.3), so that CI reads them alike."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from bench.cli import print_error, print_usage_error
from bench.exit_codes import RUN_INTERRUPTED
from emulation.errors import GuestFault, UserError

MOST_FAILED = 250
"""So many tests failed, or more; below it, their number."""
INVALID = 252
"""Nothing could run: the command line, a file, or no test selected."""
INTERRUPTED = RUN_INTERRUPTED
"""Ctrl-C or SIGTERM."""
UNEXPECTED = 255
"""The guest failed while it booted, the reports could not be written, or the bench itself failed."""

EPILOG = (
    "Exit codes are Robot Framework's: 0 all tests passed; 1 to 249 that many failed, 250 for 250 or more; "
    "252 nothing could run (an option, a suite or a firmware is wrong, or no test is selected); "
    "253 interrupted by Ctrl-C or SIGTERM, the reports show what had run; "
    "255 the firmware failed while it booted, the reports could not be written, or the bench itself failed."
)


class RobotCommand(click.Command):
    """A command that ends as Robot does: 2 would say that two tests have failed."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """As click does, with Robot's exit code for an option that is wrong."""
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            print_usage_error(error)
            raise click.exceptions.Exit(INVALID) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever ends it early becomes a message and one of the codes above."""
        try:
            with terminated_as_interrupted():
                return super().invoke(ctx)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except UserError as error:
            print_error(error.message, error.hint)
            ctx.exit(INVALID)
        except GuestFault as fault:
            print_error(str(fault), "the evidence above says where the firmware stopped")
            ctx.exit(UNEXPECTED)
        except KeyboardInterrupt:
            print_error("interrupted")
            ctx.exit(INTERRUPTED)
        except Exception:  # a defect of the bench: Python's own exit code 1 would say one failed test
            traceback.print_exc()
            ctx.exit(UNEXPECTED)


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM does what Ctrl-C does, also where Robot does not listen: at boot, while reports are written."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
