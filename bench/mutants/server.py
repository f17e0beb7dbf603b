"""The server's time-outs and queues, done wrong."""

from __future__ import annotations

from bench.mutants.edits import Replace, Wrap
from bench.mutants.mutant import Family, Mutant

_LINK = "ws_server/link.py"
_SERVER = "ws_server/server.py"

_CONNECTIONS = "packet_tests/test_connections.py"
_LIMITS = "packet_tests/test_time_limits.py"
_OPTIONS = "packet_tests/test_server_options.py"


def _timeouts(changed: str) -> Wrap:
    """Other deadlines than asked for; milliseconds, as `Link` gets them."""
    code = f"""
def wrong(right, self, protocol, writer, watchdog, timeouts):
    opening, closing, interval, answer, idle = timeouts
    right(self, protocol, writer, watchdog, {changed})
"""
    return Wrap(_LINK, "Link.__init__", code)


SERVER = Family(
    "Time-outs and queues of the server",
    "How long the server waits for a client, and how much it keeps for one.",
    (
        Mutant(
            "burst-beyond-queue",
            "fewer clients than the backlog may come at once",
            (Replace(_SERVER, "self.port, self._backlog + REFUSERS\n", "self.port, 5\n"),),
            (f"{_CONNECTIONS}::test_as_many_clients_as_the_backlog_may_come_at_once",),
        ),
        Mutant(
            "open-timeout-early",
            "the opening handshake is given half of `open_timeout`",
            (_timeouts("(opening // 2, closing, interval, answer, idle)"),),
            (f"{_LIMITS}::test_a_request_that_is_not_whole_is_refused_when_the_open_timeout_is_over",),
        ),
        Mutant(
            "idle-timeout-in-milliseconds",
            "`idle_timeout` is taken for milliseconds",
            (_timeouts("(opening, closing, interval, answer, idle // 1000)"),),
            (f"{_OPTIONS}::test_an_idle_client_is_sent_away_when_the_time_is_over_and_not_before",),
        ),
        Mutant(
            "no-idle-timeout",
            "`idle_timeout` has no effect",
            (_timeouts("(opening, closing, interval, answer, 0)"),),
            (f"{_OPTIONS}::test_an_idle_client_is_sent_away_when_the_time_is_over_and_not_before",),
        ),
        Mutant(
            "silence-not-forgotten",
            "what is heard of a client does not end the silence that `idle_timeout` counts",
            (
                Replace(
                    _LINK,
                    "            self.heard = self._pinged = False\n            self._quiet = 0\n",
                    "            self.heard = self._pinged = False\n",
                ),
            ),
            (f"{_OPTIONS}::test_a_client_that_answers_pings_is_not_idle",),
        ),
        Mutant(
            "close-timeout-early",
            "the closing handshake is given half of `close_timeout`",
            (_timeouts("(opening, closing // 2, interval, answer, idle)"),),
            (f"{_OPTIONS}::test_a_client_that_does_not_answer_the_close_is_cut_off_by_the_close_timeout",),
        ),
        Mutant(
            "no-close-timeout",
            "a client may take for ever to answer a Close",
            (
                Wrap(
                    _LINK,
                    "Link.expect_close",
                    """
def wrong(right, self):
    pass
""",
                ),
            ),
            (f"{_OPTIONS}::test_a_client_that_does_not_answer_the_close_is_cut_off_by_the_close_timeout",),
        ),
        Mutant(
            "no-linger",
            "a connection that has failed is closed at once",
            (Replace(_LINK, "LINGER = 500", "LINGER = 1"),),
            (f"{_LIMITS}::test_a_connection_that_has_failed_is_read_on_for_a_moment",),
        ),
        Mutant(
            "no-send-timeout",
            "a client that takes nothing of what is sent keeps its place",
            (Replace(_SERVER, "set_send_timeout(writer, self._send_timeout)", "pass"),),
            (f"{_LIMITS}::test_a_client_that_takes_nothing_is_given_up_by_the_send_timeout",),
        ),
        Mutant(
            "send-timeout-early",
            "a client is given up although it takes something now and then",
            (
                Replace(
                    "firmware/port/modws_native.c",
                    "pcb->snd_queuelen == 0 || pcb->lastack != entry->taken",
                    "pcb->snd_queuelen == 0",
                ),
            ),
            (f"{_LIMITS}::test_a_client_that_takes_a_little_now_and_then_is_served_in_the_end",),
        ),
        Mutant(
            "max-queue-ignored",
            "`send` never raises BacklogFullError",
            (
                Replace(
                    "ws_server/connection.py",
                    "if unsent > self._max_queue:\n            raise",
                    "if False:\n            raise",
                ),
            ),
            (f"{_OPTIONS}::test_no_more_waits_for_a_slow_reader_than_max_queue",),
        ),
        Mutant(
            "buffered-nothing",
            "`buffered` does not count what the network stack has not taken",
            (
                Wrap(
                    "ws_server/compat.py",
                    "Output.unsent",
                    """
def wrong(right, self):
    return 0
""",
                ),
            ),
            (f"{_OPTIONS}::test_no_more_waits_for_a_slow_reader_than_max_queue",),
        ),
    ),
)
