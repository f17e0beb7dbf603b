"""What Zephyr.js' `ws` module, in C, gets wrong: each of its defects, in our server."""

from __future__ import annotations

from bench.mutants.edits import Replace, Wrap
from bench.mutants.mutant import Family, Mutant

_FRAMES = "ws_server/frames.py"
_PROTOCOL = "ws_server/protocol.py"

_CONTROL = "packet_tests/test_websocket_control.py"
_MALFORMED = "packet_tests/test_websocket_malformed.py"
_MESSAGES = "packet_tests/test_websocket_messages.py"
_SEGMENTS = "packet_tests/test_websocket_segments.py"
_UPGRADE = "packet_tests/test_http_upgrade.py"

ZEPHYR_JS = Family(
    "Zephyr.js",
    "What the `ws` module of Zephyr.js, in C, gets wrong. The server here has its API, not its defects.",
    (
        Mutant(
            "fin-bit",
            "FIN is read from the lowest bit of the first byte",
            (
                Wrap(
                    "ws_server/messages.py",
                    "MessageAssembler.frame_begin",
                    """
def wrong(right, self, fin, opcode, length):
    right(self, bool(opcode & 1), opcode, length)
""",
                ),
            ),
            (f"{_MESSAGES}::test_fragments_come_back_as_one_message",),
        ),
        Mutant(
            "mask-bit",
            "MASK is read from the lowest bit of the length",
            (Replace(_FRAMES, "_MASK = const(0x80)", "_MASK = const(0x01)"),),
            (f"{_MESSAGES}::test_binary_comes_back_as_binary",),
        ),
        Mutant(
            "length-byte-order",
            "lengths over 125 are read in the CPU's byte order",
            (Replace(_FRAMES, 'from_bytes(header[2:need], "big")', 'from_bytes(header[2:need], "little")'),),
            (f"{_MESSAGES}::test_binary_comes_back_as_binary",),
        ),
        Mutant(
            "second-frame-lost",
            "what follows the first frame of a TCP segment is dropped",
            (
                Wrap(
                    _FRAMES,
                    "FrameParser.feed",
                    """
def wrong(right, self, data, start=0, end=None):
    stop = end = len(data) if end is None else end
    if end - start >= 6 and data[start + 1] & 0x7F < 126:
        stop = min(end, start + 6 + (data[start + 1] & 0x7F))
    right(self, data, start, stop)
    self.position = end
""",
                ),
            ),
            (f"{_SEGMENTS}::test_several_frames_in_one_segment_are_all_answered_in_order",),
        ),
        Mutant(
            "frame-in-one-segment",
            "each TCP segment is taken for the beginning of a frame",
            (
                Wrap(
                    _FRAMES,
                    "FrameParser.feed",
                    """
def wrong(right, self, data, start=0, end=None):
    self._reset()
    right(self, data, start, end)
""",
                ),
            ),
            (f"{_SEGMENTS}::test_a_frame_may_be_cut_at_every_byte",),
        ),
        Mutant(
            "unbounded-copy",
            "a message is copied whatever its length: `max_payload` is not looked at",
            (Replace(_PROTOCOL, "MessageAssembler(self._max_payload,", "MessageAssembler(1 << 30,"),),
            (f"{_MALFORMED}::test_a_header_over_the_limit_is_refused_before_its_payload_comes",),
        ),
        Mutant(
            "binary-dropped",
            "binary messages are dropped",
            (
                Wrap(
                    "ws_server/events.py",
                    "EventEmitter.emit",
                    """
def wrong(right, self, event, *arguments):
    if event == "message" and isinstance(arguments[0], bytes):
        return False
    return right(self, event, *arguments)
""",
                ),
            ),
            (f"{_MESSAGES}::test_binary_comes_back_as_binary",),
        ),
        Mutant(
            "no-pong",
            "Pings are not answered",
            (Replace(_PROTOCOL, "self._auto_pong = auto_pong", "self._auto_pong = False"),),
            (f"{_CONTROL}::test_a_ping_is_answered_by_a_pong_with_its_payload",),
        ),
        Mutant(
            "no-close-echo",
            "a Close frame ends the connection without an answer",
            (
                Wrap(
                    _PROTOCOL,
                    "ServerProtocol._take_close",
                    """
def wrong(right, self, event):
    self._close_sent = True
    right(self, event)
""",
                ),
            ),
            (f"{_CONTROL}::test_a_close_frame_is_answered_with_its_code",),
        ),
        Mutant(
            "header-scan-unbounded",
            "the upgrade request may be of any length",
            (
                Wrap(
                    "ws_server/handshake.py",
                    "RequestParser.__init__",
                    """
def wrong(right, self, max_line=0, max_size=0):
    right(self, 1 << 30, 1 << 30)
""",
                ),
            ),
            (f"{_UPGRADE}::test_a_request_that_breaks_a_rule_is_refused[head of 5000 bytes]",),
        ),
    ),
)
