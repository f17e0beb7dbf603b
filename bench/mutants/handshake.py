"""The opening handshake and the server around it, done wrong."""

from __future__ import annotations

from bench.mutants.edits import Replace, Wrap
from bench.mutants.mutant import Family, Mutant

_HANDSHAKE = "ws_server/handshake.py"
_SERVER = "ws_server/server.py"

_CONNECTIONS = "packet_tests/test_connections.py"
_UPGRADE = "packet_tests/test_http_upgrade.py"

HANDSHAKE = Family(
    "Opening handshake and server",
    "Who is let in, who is told why not, and what the server keeps of its clients.",
    (
        Mutant(
            "accept-key",
            "Sec-WebSocket-Accept is computed with another GUID",
            (
                Replace(
                    _HANDSHAKE, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", "258EAFA5-E914-47DA-95CA-5AB0DC85B11C"
                ),
            ),
            (f"{_UPGRADE}::test_a_client_is_let_in",),
        ),
        Mutant(
            "header-case",
            "header names count only with capital letters",
            (
                Wrap(
                    _HANDSHAKE,
                    "RequestParser._take_header",
                    """
def wrong(right, self, line):
    name = line[: line.find(b":")]
    right(self, b"X-" + line if name == name.lower() else line)
""",
                ),
            ),
            (f"{_UPGRADE}::test_what_http_allows_is_understood[header names in lower case]",),
        ),
        Mutant(
            "accept-handler-ignored",
            "the accept handler is not asked",
            (
                Wrap(
                    _HANDSHAKE,
                    "choose_protocol",
                    """
def wrong(right, handler, protocols):
    return right(None, protocols)
""",
                ),
            ),
            (
                f"{_UPGRADE}::test_the_accept_handler_chooses_a_sub_protocol",
                f"{_UPGRADE}::test_the_accept_handler_may_refuse",
            ),
        ),
        Mutant(
            "protocol-not-offered",
            "a sub-protocol may be accepted that the client did not offer",
            (
                Wrap(
                    _HANDSHAKE,
                    "choose_protocol",
                    """
def wrong(right, handler, protocols):
    return "echo" if handler else None
""",
                ),
            ),
            (f"{_UPGRADE}::test_the_accept_handler_may_refuse",),
        ),
        Mutant(
            "version-ignored",
            "Sec-WebSocket-Version is not looked at",
            (Replace(_HANDSHAKE, 'headers.get(b"sec-websocket-version") != b"13"', "False"),),
            (f"{_UPGRADE}::test_a_request_that_breaks_a_rule_is_refused[version 8]",),
        ),
        Mutant(
            "key-not-checked",
            "anything is taken for a Sec-WebSocket-Key",
            (
                Replace(
                    _HANDSHAKE,
                    'if len(key) != 24 or not key.endswith(b"==") or not _only(key[:22], _BASE64):',
                    "if False:",
                ),
            ),
            (f"{_UPGRADE}::test_a_request_that_breaks_a_rule_is_refused[key 15 bytes]",),
        ),
        Mutant(
            "headers-unbounded",
            "the request may have any number of headers",
            (Replace(_HANDSHAKE, "MAX_HEADERS = 64", "MAX_HEADERS = 6400"),),
            (f"{_UPGRADE}::test_a_request_that_breaks_a_rule_is_refused[70 headers]",),
        ),
        Mutant(
            "method-ignored",
            "any method will do",
            (Replace(_HANDSHAKE, 'if method != b"GET":', "if not method:"),),
            (f"{_UPGRADE}::test_another_method_is_refused",),
        ),
        Mutant(
            "frame-with-request-lost",
            "a frame that comes in the segment of the request is lost",
            (
                Wrap(
                    "ws_server/protocol.py",
                    "ServerProtocol.accept",
                    """
def wrong(right, self, subprotocol=None):
    self._early = b""
    right(self, subprotocol)
""",
                ),
            ),
            (f"{_UPGRADE}::test_a_frame_may_follow_the_request_in_the_same_segment",),
        ),
        Mutant(
            "no-open-timeout",
            "a client may take for ever to ask for the upgrade",
            (
                Wrap(
                    "ws_server/link.py",
                    "Link.expect_open",
                    """
def wrong(right, self):
    pass
""",
                ),
            ),
            (
                f"{_UPGRADE}::test_a_request_dribbling_past_the_open_timeout_is_cut_off",
                "packet_tests/test_tcp.py::test_a_connection_that_says_nothing_is_closed_in_the_end",
            ),
        ),
        Mutant(
            "backlog-ignored",
            "more clients are let in than `backlog` allows",
            (Replace(_SERVER, "full = len(self._links) >= self._backlog", "full = False"),),
            (f"{_CONNECTIONS}::test_one_client_too_many_is_told_and_served_once_a_place_is_free",),
        ),
        Mutant(
            "client-not-removed",
            "a client that has left stays in `server.clients`",
            (Replace(_SERVER, "self.clients.discard(conn)", "pass"),),
            (f"{_CONNECTIONS}::test_the_server_knows_who_is_connected_and_nobody_who_has_left",),
        ),
        Mutant(
            "client-not-tracked",
            "`server.clients` stays empty",
            (Replace(_SERVER, "self.clients.add(conn)", "pass"),),
            (f"{_CONNECTIONS}::test_the_server_knows_who_is_connected_and_nobody_who_has_left",),
        ),
        Mutant(
            "no-keep-alive",
            "`ping_interval` has no effect",
            (
                Wrap(
                    "ws_server/link.py",
                    "Link.opened",
                    """
def wrong(right, self):
    self._watchdog.clear(self)
""",
                ),
            ),
            ("packet_tests/test_keep_alive.py::test_a_silent_client_is_pinged",),
        ),
        Mutant(
            "no-ping-timeout",
            "a client that does not answer a Ping is kept",
            (Replace("ws_server/link.py", "elif self._pinged:", "elif False:"),),
            ("packet_tests/test_keep_alive.py::test_a_client_that_does_not_answer_is_given_up",),
        ),
        Mutant(
            "connection-leak",
            "something of each connection is kept for ever",
            (
                Wrap(
                    "ws_server/link.py",
                    "Link.close",
                    """
_kept = []


async def wrong(right, self):
    _kept.append(self)
    await right(self)
""",
                ),
            ),
            ("packet_tests/test_memory.py::test_clients_leave_nothing_behind",),
        ),
        Mutant(
            "cancel-while-running",
            "the task that finds a connection lost cancels the one that waits for it",
            (Replace("ws_server/link.py", " or (self._awaited and current is self.flusher)", ""),),
            (
                "packet_tests/test_clients_that_leave.py"
                "::test_while_the_server_has_more_to_send_than_it_takes",
            ),
        ),
        Mutant(
            "place-not-freed",
            "a client that is reset keeps its place",
            (
                Wrap(
                    "ws_server/link.py",
                    "Link.close",
                    """
async def wrong(right, self):
    if self.lost is None:
        await right(self)
    else:
        self._watchdog.clear(self)
        await asyncio.sleep(10**6)
""",
                ),
            ),
            (
                "packet_tests/test_clients_that_leave.py::test_thirty_clients_that_leave_take_no_place_from_the_next",
            ),
        ),
    ),
)
