"""Exit codes that the program needs before it has imported its commands."""

INTERRUPTED = 130
RUN_INVALID = 252
RUN_INTERRUPTED = 253
"""`bench run` ends with Robot Framework's codes."""
