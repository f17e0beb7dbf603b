"""Ctrl-C in a Robot run: the test it hit has failed, and those after it have not run at all."""

from __future__ import annotations

from typing import Any

STOPPED = "Execution terminated by signal"
"""Robot's message for the test that a signal hit."""
LEFT_OUT = "robot:exit"
"""Robot's tag for tests that it did not begin any more (user guide, 2.1.5)."""
NOT_RUN = "not run: the run was interrupted before"


class Interruption:
    """A Robot listener that notices a signal, and tells what was left out over it from what failed.

    Robot itself counts the tests that did not run as failed ones, with a fatal error that never was.
    """

    ROBOT_LISTENER_API_VERSION = 3
    ROBOT_LISTENER_PRIORITY = -5  # after the listeners that judge a test, before the one that prints

    def __init__(self) -> None:
        self.happened = False
        """Whether somebody stopped the run."""

    def end_test(self, data: Any, result: Any) -> None:
        """Skip what has not run."""
        if result.failed and STOPPED in result.message:
            self.happened = True
        elif self.happened and result.tags.match(LEFT_OUT):
            result.status = "SKIP"
            result.message = NOT_RUN
