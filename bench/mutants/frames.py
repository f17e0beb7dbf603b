"""Frames, messages and the closing handshake, done wrong."""

from __future__ import annotations

from bench.mutants.edits import Replace, Wrap
from bench.mutants.mutant import Family, Mutant

_FRAMES = "ws_server/frames.py"
_NATIVE = "firmware/port/modws_native.c"
_ASSEMBLER = "ws_server/messages.py"
_PROTOCOL = "ws_server/protocol.py"

_CONTROL = "packet_tests/test_websocket_control.py"
_MALFORMED = "packet_tests/test_websocket_malformed.py"
_MESSAGES = "packet_tests/test_websocket_messages.py"
_SEGMENTS = "packet_tests/test_websocket_segments.py"


def _copy_masked(key_and_phase: str) -> Wrap:
    """Unmasking with another key or phase than it should be."""
    code = f"""
def wrong(right, target, at, data, start, end, key, phase):
    right(target, at, data, start, end, {key_and_phase})
"""
    return Wrap("ws_server/compat.py", "copy_masked", code)


def _check_head(first: str, second: str) -> Wrap:
    """The check of a header that sees other bytes than came."""
    code = f"""
def wrong(right, self, first, second):
    right(self, {first}, {second})
"""
    return Wrap(_FRAMES, "FrameParser._check_head", code)


def _queue(statement: str) -> Wrap:
    """A frame that is sent otherwise than it should."""
    code = f"""
def wrong(right, self, opcode, payload, mask=False):
    {statement}
    right(self, opcode, payload, mask)
"""
    return Wrap(_PROTOCOL, "ServerProtocol._queue", code)


def _begin(statement: str) -> Wrap:
    """A frame's header that is judged otherwise than it should be."""
    code = f"""
def wrong(right, self, fin, opcode, length):
    {statement}
    right(self, fin, opcode, length)
"""
    return Wrap(_ASSEMBLER, "MessageAssembler.frame_begin", code)


FRAMES = Family(
    "Frames and messages",
    "The classic mistakes with RFC 6455, sections 5 to 8.",
    (
        Mutant(
            "not-unmasked",
            "payloads are not unmasked",
            (_copy_masked("bytes(4), phase"),),
            (f"{_MESSAGES}::test_every_byte_of_the_masking_key_counts",),
        ),
        Mutant(
            "mask-key-rotated",
            "the masking key is rotated by one byte",
            (_copy_masked("key[1:] + key[:1], phase"),),
            (f"{_MESSAGES}::test_every_byte_of_the_masking_key_counts",),
        ),
        Mutant(
            "mask-phase",
            "the masking key begins anew with each TCP segment",
            (_copy_masked("key, 0"),),
            (f"{_SEGMENTS}::test_a_frame_may_be_cut_at_every_byte",),
        ),
        Mutant(
            "mask-tail",
            "the last bytes of a payload are unmasked with the same byte of the key",
            (Replace(_NATIVE, "length > 0; length--, mask >>= 8)", "length > 0; length--)"),),
            (f"{_MESSAGES}::test_every_byte_of_the_masking_key_counts",),
        ),
        Mutant(
            "length-126",
            "a length of 126 is followed by eight bytes instead of two",
            (Replace(_FRAMES, "4 if length == 126 else 10", "10"),),
            (f"{_MESSAGES}::test_binary_comes_back_as_binary[126]",),
        ),
        Mutant(
            "length-of-15-bits",
            "a length in two bytes loses its highest bit",
            (
                Replace(
                    _FRAMES,
                    'int.from_bytes(header[2:need], "big")',
                    '(int.from_bytes(header[2:need], "big") & (0x7FFF if need == 4 else -1))',
                ),
            ),
            (f"{_MALFORMED}::test_a_header_over_the_limit_is_refused_before_its_payload_comes",),
        ),
        Mutant(
            "length-not-minimal",
            "a length in more bytes than it needs is accepted",
            (
                Wrap(
                    _FRAMES,
                    "FrameParser._check_length",
                    """
def wrong(right, self, size, length):
    right(self, size, max(length, 0x10000))
""",
                ),
            ),
            (f"{_MALFORMED}::test_a_length_that_is_not_minimal",),
        ),
        Mutant(
            "answer-length-126",
            "messages of 126 bytes are sent with a length in seven bits",
            (
                Replace(
                    _FRAMES,
                    "    if length < 126:\n        header =",
                    "    if length < 127:\n        header =",
                ),
            ),
            (f"{_MESSAGES}::test_binary_comes_back_as_binary[126]",),
        ),
        Mutant(
            "limit-per-frame",
            "`max_payload` holds for each frame, not for the message",
            (Replace(_ASSEMBLER, "size = len(self._message) + length", "size = length"),),
            (f"{_MALFORMED}::test_fragments_that_sum_over_the_limit",),
        ),
        Mutant(
            "limit-off-by-one",
            "a message of exactly `max_payload` bytes is refused",
            (Replace(_ASSEMBLER, "if size > self._max_payload:", "if size >= self._max_payload:"),),
            (f"{_MESSAGES}::test_binary_comes_back_as_binary[4096]",),
        ),
        Mutant(
            "limit-too-high",
            "a message one byte longer than `max_payload` is accepted",
            (Replace(_ASSEMBLER, "if size > self._max_payload:", "if size > self._max_payload + 1:"),),
            (f"{_MALFORMED}::test_a_header_over_the_limit_is_refused_before_its_payload_comes[4097]",),
        ),
        Mutant(
            "fragments-unbounded",
            "a message may have any number of fragments",
            (Replace(_ASSEMBLER, "if self._fragments > self._max_fragments:", "if False:"),),
            (f"{_MALFORMED}::test_fragments_without_end[0]",),
        ),
        Mutant(
            "pong-truncated",
            "the last byte of a Ping is missing in its Pong",
            (_queue("payload = payload[:-1] if opcode == PONG else payload"),),
            (f"{_CONTROL}::test_a_ping_is_answered_by_a_pong_with_its_payload",),
        ),
        Mutant(
            "pong-wrong",
            "a Pong has a payload of its own",
            (_queue("payload = b'pong' if opcode == PONG else payload"),),
            (f"{_CONTROL}::test_a_ping_is_answered_by_a_pong_with_its_payload[4]",),
        ),
        Mutant(
            "pong-fragmented",
            "a Ping ends the fragmented message that it comes in",
            (_begin("self._message = self._message if opcode < CLOSE else None"),),
            (f"{_CONTROL}::test_a_ping_between_fragments_is_answered_at_once",),
        ),
        Mutant(
            "close-code-sent-byte-order",
            "the code of a Close frame is sent in the CPU's byte order",
            (
                Replace(
                    _ASSEMBLER,
                    'return code.to_bytes(2, "big") + data',
                    'return code.to_bytes(2, "little") + data',
                ),
            ),
            (f"{_CONTROL}::test_a_close_frame_is_answered_with_its_code",),
        ),
        Mutant(
            "close-code-read-byte-order",
            "the code of a Close frame is read in the CPU's byte order",
            (
                Replace(
                    _ASSEMBLER, 'int.from_bytes(payload[:2], "big")', 'int.from_bytes(payload[:2], "little")'
                ),
            ),
            (f"{_CONTROL}::test_a_close_frame_is_answered_with_its_code",),
        ),
        Mutant(
            "close-code-not-checked",
            "any code is accepted in a Close frame",
            (
                Wrap(
                    _ASSEMBLER,
                    "is_close_code",
                    """
def wrong(right, code):
    return True
""",
                ),
            ),
            (f"{_MALFORMED}::test_a_close_code_that_may_not_be_sent",),
        ),
        Mutant(
            "close-reason-not-checked",
            "the reason of a Close frame may be other than UTF-8",
            (
                Replace(_ASSEMBLER, "if check_utf8(0, reason, 0, len(reason)):", "if False:"),
                Replace(_ASSEMBLER, 'return Close(code, str(reason, "utf-8"))', 'return Close(code, "")'),
            ),
            (f"{_MALFORMED}::test_a_close_reason_that_is_not_utf_8",),
        ),
        Mutant(
            "data-after-close",
            "what follows a Close frame is still answered",
            (
                Replace(
                    _PROTOCOL,
                    "            if self.finished:\n                return  # nothing",
                    "            if False:\n                return  # nothing",
                ),
                Replace(
                    _PROTOCOL,
                    "        self._close_sent = True\n        self.state = CLOSING\n",
                    "        self._close_sent = True\n",
                ),
            ),
            (f"{_CONTROL}::test_what_follows_a_close_frame_is_ignored",),
        ),
        Mutant(
            "tcp-left-open",
            "TCP is not closed after the closing handshake",
            (
                Wrap(
                    "ws_server/link.py",
                    "Link.close",
                    """
async def wrong(right, self):
    await asyncio.sleep(600)
    await right(self)
""",
                ),
            ),
            (f"{_CONTROL}::test_the_server_closes_tcp_first",),
        ),
        Mutant(
            "utf8-not-checked",
            "text is not checked to be UTF-8",
            (
                Wrap(
                    _ASSEMBLER,
                    "MessageAssembler.frame_data",
                    """
def wrong(right, self, start, end):
    pass
""",
                ),
            ),
            (f"{_MALFORMED}::test_text_that_is_not_utf_8",),
        ),
        Mutant(
            "utf8-first-fragment-only",
            "only the first fragment of a text is checked to be UTF-8",
            (
                Wrap(
                    _ASSEMBLER,
                    "MessageAssembler.frame_data",
                    """
def wrong(right, self, start, end):
    if self._fragments == 1:
        right(self, start, end)
""",
                ),
            ),
            (f"{_MALFORMED}::test_a_fragmented_text_that_is_not_utf_8",),
        ),
        Mutant(
            "utf8-each-fragment",
            "each fragment of a text must be UTF-8 by itself",
            (_begin("self._utf8 = 0"),),
            (f"{_MESSAGES}::test_a_character_may_be_split_between_fragments",),
        ),
        Mutant(
            "utf8-end-not-checked",
            "text may end within a character",
            (Replace(_ASSEMBLER, "if self._is_text and self._utf8:", "if False:"),),
            (f"{_MALFORMED}::test_text_that_is_not_utf_8[cut short]",),
        ),
        Mutant(
            "utf8-short-not-checked",
            "text that comes as one short frame is not checked to be UTF-8",
            (Replace(_ASSEMBLER, "if check_utf8(0, payload, 0, len(payload)):", "if False:"),),
            (f"{_MALFORMED}::test_text_that_is_not_utf_8",),
        ),
        Mutant(
            "utf8-overlong",
            "characters may be encoded in more bytes than they need",
            (Replace(_NATIVE, "[AFTER_E0] = {0xa0, 0xbf, ONE}", "[AFTER_E0] = {0x80, 0xbf, ONE}"),),
            (f"{_MALFORMED}::test_text_that_is_not_utf_8[overlong in three]",),
        ),
        Mutant(
            "utf8-surrogate",
            "surrogates are taken for characters",
            (Replace(_NATIVE, "[AFTER_ED] = {0x80, 0x9f, ONE}", "[AFTER_ED] = {0x80, 0xbf, ONE}"),),
            (f"{_MALFORMED}::test_text_that_is_not_utf_8[surrogate]",),
        ),
        Mutant(
            "utf8-beyond",
            "characters beyond U+10FFFF are accepted",
            (Replace(_NATIVE, "[AFTER_F4] = {0x80, 0x8f, TWO}", "[AFTER_F4] = {0x80, 0xbf, TWO}"),),
            (f"{_MALFORMED}::test_text_that_is_not_utf_8[beyond U+10FFFF]",),
        ),
        Mutant(
            "short-inside-message",
            "a short message inside a fragmented one is delivered",
            (Replace(_ASSEMBLER, "if self._message is not None or len(payload)", "if len(payload)"),),
            (f"{_MALFORMED}::test_a_new_message_inside_a_fragmented_one",),
        ),
        Mutant(
            "short-inside-frame",
            "a segment that looks like a short frame is taken for one in the middle of another",
            (Replace(_FRAMES, "            or self._have\n", ""),),
            (f"{_SEGMENTS}::test_a_segment_that_looks_like_a_frame_may_be_payload",),
        ),
        Mutant(
            "rsv-ignored",
            "the reserved bits are not looked at",
            (_check_head("first & 0x8F", "second"),),
            (f"{_MALFORMED}::test_a_reserved_bit",),
        ),
        Mutant(
            "opcode-not-checked",
            "reserved opcodes are taken for Pongs",
            (_check_head("first if first & 7 < 3 else first & 0xF0 | 10", "second"),),
            (f"{_MALFORMED}::test_a_reserved_opcode",),
        ),
        Mutant(
            "control-fragmented",
            "control frames may be fragmented",
            (_check_head("first | 0x80", "second"),),
            (f"{_MALFORMED}::test_a_fragmented_control_frame",),
        ),
        Mutant(
            "control-long",
            "control frames may have more than 125 bytes",
            (Replace(_FRAMES, "if second & _LENGTH > MAX_CONTROL_PAYLOAD:", "if False:"),),
            (f"{_MALFORMED}::test_a_control_frame_longer_than_125_bytes",),
        ),
        Mutant(
            "unmasked-accepted",
            "frames that are not masked are accepted",
            (_check_head("first", "second | 0x80"),),
            (f"{_MALFORMED}::test_an_unmasked_frame",),
        ),
        Mutant(
            "continuation-of-nothing",
            "a continuation without a message begins one",
            (_begin("opcode = 1 if opcode == 0 and self._message is None else opcode"),),
            (f"{_MALFORMED}::test_a_continuation_of_nothing",),
        ),
        Mutant(
            "message-in-message",
            "a new message inside a fragmented one takes its place",
            (_begin("self._message = None if 0 < opcode < CLOSE else self._message"),),
            (f"{_MALFORMED}::test_a_new_message_inside_a_fragmented_one",),
        ),
        Mutant(
            "answers-masked",
            "the server masks what it sends",
            (_queue("mask = True"),),
            (f"{_MESSAGES}::test_text_comes_back_as_text",),
        ),
        Mutant(
            "mask-key-constant",
            "the masking key of the server is always the same",
            (Replace(_PROTOCOL, "random_bytes(4)", 'b"\\x01\\x02\\x03\\x04"'),),
            (f"{_MESSAGES}::test_masked_answers_on_request",),
        ),
        Mutant(
            "text-as-binary",
            "text is answered as binary",
            (_queue("opcode = 2 if opcode == TEXT else opcode"),),
            (f"{_MESSAGES}::test_text_comes_back_as_text",),
        ),
    ),
)
