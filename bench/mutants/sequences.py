"""What stands between lwIP and peers that do not keep to the window, taken away again.

No single segment shows these: it takes two on one connection, or one where answers wait.
"""

from __future__ import annotations

from bench.mutants.edits import Replace
from bench.mutants.mutant import Family, Mutant

_GUARD = "firmware/net/tcp_guard.c"

_ONCE = "packet_tests/test_sequences.py::test_what_once_stopped_the_board_does_not"
_RANDOM = "packet_tests/test_sequences.py::test_every_random_sequence_passes"

SEQUENCES = Family(
    "Sequences of segments",
    "What one segment leaves behind for the next: beyond the window, after the end, again.",
    (
        Mutant(
            "segment-not-cut-to-window",
            "what reaches beyond the window waits there uncut, until an assertion fails",
            (Replace(_GUARD, "    if (edge - first < p->tot_len) {", "    if (0) {"),),
            (_ONCE, _RANDOM),
        ),
        Mutant(
            "early-fin-forgotten",
            "data are taken that lie after the end of the stream, until an assertion fails",
            (Replace(_GUARD, "*end = early_fin(pcb);", "*end = early_fin(pcb) == NULL ? NULL : NULL;"),),
            (_ONCE, _RANDOM),
        ),
        Mutant(
            "options-within-connection",
            "an MSS option counts in any segment, until an assertion fails",
            (Replace(_GUARD, "        *options = 0;\n", "        (void)options;\n"),),
            (_ONCE, _RANDOM),
        ),
    ),
)
