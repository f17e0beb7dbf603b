"""Robot Framework on the bench: suites, the keyword library, and the listener that keeps tests apart.

A suite of your own needs one line, `Library    bench.robot.BoardLibrary`.
"""

from bench.robot.board_library import BoardLibrary

__all__ = ["BoardLibrary"]
