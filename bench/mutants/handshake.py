"""The opening handshake and the server around it, done wrong."""

from __future__ import annotations

from bench.mutants.edits import Replace, Wrap
from bench.mutants.mutant import Family, Mutant

_HANDSHAKE = "ws_server/handshake.py"
_SERVER = "ws_server/server.py"

_GRAMMAR = "ws_server/grammar.py"

_CONNECTIONS = "packet_tests/test_connections.py"
_UPGRADE = "packet_tests/test_http_upgrade.py"
_OPTIONS = "packet_tests/test_server_options.py"


def _anything(function: str, answer: str = "True") -> Wrap:
    """A check of the request that finds nothing."""
    code = f"""
def wrong(right, value):
    return {answer}
"""
    return Wrap(_GRAMMAR, function, code)


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
            (_anything("is_key"),),
            (f"{_UPGRADE}::test_a_request_that_breaks_a_rule_is_refused[key 15 bytes]",),
        ),
        Mutant(
            "headers-unbounded",
            "the request may have any number of headers",
            (Replace("ws_server/compat.py", "MAX_HEADERS = 64 if", "MAX_HEADERS = 6400 if"),),
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
        Mutant(
            "host-not-checked",
            "anything is taken for a host",
            (_anything("is_host"),),
            (f"{_UPGRADE}::test_a_request_that_breaks_a_rule_is_refused[host with a space]",),
        ),
        Mutant(
            "port-not-optional",
            "a host needs a port",
            (Replace(_GRAMMAR, 'return port in (b"", b":") or (', "return ("),),
            (f"{_UPGRADE}::test_what_http_allows_is_understood",),
        ),
        Mutant(
            "target-not-checked",
            "anything is taken for a request target",
            (_anything("target_host", 'right(value) or b""'),),
            (f"{_UPGRADE}::test_any_other_target_is_refused",),
        ),
        Mutant(
            "absolute-uri-refused",
            "only a path is a request target",
            (Replace(_GRAMMAR, 'not in (b"http", b"https")', 'not in (b"",)'),),
            (f"{_UPGRADE}::test_a_path_and_an_absolute_uri_are_targets",),
        ),
        Mutant(
            "http-version-any-letters",
            "the HTTP version may be of letters",
            (Replace(_GRAMMAR, "and _only(text[5:6] + text[7:], _DIGITS)", "and True"),),
            (f"{_UPGRADE}::test_what_is_no_http_1_1_is_refused_with_400",),
        ),
        Mutant(
            "extensions-not-checked",
            "anything is taken for a list of extensions",
            (_anything("is_extension_list"),),
            (f"{_UPGRADE}::test_a_request_that_breaks_a_rule_is_refused[extensions that are no list]",),
        ),
        Mutant(
            "target-too-long-431",
            "a target that is too long is refused like a header",
            (Replace(_HANDSHAKE, "HandshakeError(414,", "HandshakeError(431,"),),
            (f"{_UPGRADE}::test_a_target_that_is_too_long_is_called_so",),
        ),
        Mutant(
            "upgrade-without-connection",
            "an answer has an Upgrade header without the connection option",
            (Replace(_HANDSHAKE, 'connection = "Upgrade, close"', 'connection = "close"'),),
            (f"{_UPGRADE}::test_a_request_that_breaks_a_rule_is_refused",),
        ),
        Mutant(
            "head-with-body",
            "the answer to HEAD has a body",
            (Replace(_HANDSHAKE, 'line.startswith(b"HEAD ")', "False"),),
            (f"{_UPGRADE}::test_the_answer_to_head_has_no_body",),
        ),
        Mutant(
            "401-without-challenge",
            "401 comes without WWW-Authenticate",
            (Replace(_HANDSHAKE, "_CHALLENGE = ('WWW-Authenticate: ", "_CHALLENGE = ('X-Authenticate: "),),
            (f"{_UPGRADE}::test_the_accept_handler_may_refuse",),
        ),
        Mutant(
            "empty-line-refused",
            "an empty line before the request is no longer ignored",
            (Replace(_HANDSHAKE, "len(line) == 2 and not self._empty_line", "False"),),
            (f"{_UPGRADE}::test_one_empty_line_before_the_request_is_ignored",),
        ),
        Mutant(
            "empty-lines-ignored",
            "any number of empty lines before the request is ignored",
            (Replace(_HANDSHAKE, "len(line) == 2 and not self._empty_line", "len(line) == 2"),),
            (f"{_UPGRADE}::test_one_empty_line_before_the_request_is_ignored",),
        ),
        Mutant(
            "handler-chooses-anything",
            "the accept handler may choose what the client has not offered",
            (
                Replace(
                    _HANDSHAKE, "isinstance(chosen, str) and chosen in protocols", "isinstance(chosen, str)"
                ),
            ),
            (f"{_OPTIONS}::test_an_accept_handler_cannot_accept_what_was_not_offered",),
        ),
    ),
)
