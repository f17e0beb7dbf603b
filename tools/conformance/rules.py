"""The rules of RFC 6455 that bind a server, each in our own words.

Not here: what binds clients, proxies or browsers alone, what is a mere permission (MAY), and what only an
extension could bring, since none is ever negotiated.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One rule. Tests name it by `key`, which starts with its section."""

    key: str
    level: str
    """MUST or SHOULD (RFC 2119), as the RFC says it or as it follows from such a sentence."""
    text: str

    @property
    def section(self) -> str:
        """The section of RFC 6455."""
        return self.key.partition("-")[0]


MUST, SHOULD = "MUST", "SHOULD"

RULES: tuple[Rule, ...] = (
    # Opening handshake
    Rule(
        "4.1-names",
        MUST,
        "Header names and the tokens `websocket` and `Upgrade` are compared without regard to case.",
    ),
    Rule("4.1-protocols", MUST, "Offered sub-protocols are tokens, none of them empty, none of them twice."),
    Rule("4.2.1-get", MUST, "The request is a GET of HTTP/1.1 or higher."),
    Rule("4.2.1-host", MUST, "The request has a Host header."),
    Rule("4.2.1-upgrade", MUST, "The Upgrade header names `websocket`."),
    Rule("4.2.1-connection", MUST, "The Connection header has the token `Upgrade`."),
    Rule("4.2.1-key", MUST, "Sec-WebSocket-Key is 16 bytes in base64."),
    Rule("4.2.1-version", MUST, "Sec-WebSocket-Version is 13."),
    Rule(
        "4.2.1-optional",
        MUST,
        "Origin, sub-protocols and extensions may be missing; headers that are not known are ignored.",
    ),
    Rule(
        "4.2.1-refuse",
        MUST,
        "A request that breaks one of these rules is answered by an HTTP error, and not served.",
    ),
    Rule(
        "4.2.2-version",
        MUST,
        "Another version is refused with an HTTP error (426) and a header that names the version understood.",
    ),
    Rule(
        "4.2.2-subprotocol",
        MUST,
        "The sub-protocol of the answer is one that was offered, or there is none and no header for it.",
    ),
    Rule(
        "4.2.2-response",
        MUST,
        "The answer has the status 101, `Upgrade: websocket` and `Connection: Upgrade`.",
    ),
    Rule("4.2.2-accept", MUST, "Sec-WebSocket-Accept is the base64 of the SHA-1 of the key and the GUID."),
    Rule(
        "4.2.2-open",
        MUST,
        "After the answer the connection is open; frames that came with the request count.",
    ),
    Rule("4.4-version", MUST, "The header of a refusal lists the versions that a client may try instead."),
    Rule(
        "9.1-extensions",
        MUST,
        "No extension is accepted that was not asked for; here: none, and no header for it.",
    ),
    Rule("11.3.1-once", MUST, "Sec-WebSocket-Key does not come twice."),
    Rule(
        "11.3.4-several",
        MUST,
        "Sec-WebSocket-Protocol may come several times in a request; it counts as one list.",
    ),
    Rule("11.3.5-once", MUST, "Sec-WebSocket-Version does not come twice in a request."),
    # Framing
    Rule("5.1-unmasked", MUST, "A frame of the client that is not masked closes the connection (1002)."),
    Rule(
        "5.1-server",
        MUST,
        "The server's own frames are not masked (unless the application asks for it, as Zephyr.js lets it).",
    ),
    Rule("5.2-rsv", MUST, "A reserved bit that no extension has given a meaning fails the connection."),
    Rule("5.2-opcode", MUST, "An opcode that is not defined fails the connection."),
    Rule(
        "5.2-lengths", MUST, "Lengths are read in the 7 bit, 16 bit and 64 bit form, in network byte order."
    ),
    Rule("5.2-minimal", MUST, "A length has its shortest form, in frames received and sent."),
    Rule("5.2-msb", MUST, "The highest bit of a 64 bit length is 0."),
    Rule("5.3-unmask", MUST, "Byte i of a payload is combined with byte i mod 4 of the frame's masking key."),
    Rule("5.3-fresh", MUST, "A frame that is masked has a fresh masking key that cannot be foretold."),
    Rule(
        "5.4-reassemble",
        MUST,
        "Fragments make one message, whatever their number and size, empty ones included.",
    ),
    Rule(
        "5.4-order",
        MUST,
        "Fragments of one message are not mixed with another message; a continuation continues something.",
    ),
    Rule(
        "5.4-interleave",
        MUST,
        "Control frames may come between fragments, are handled there, and do not disturb the message.",
    ),
    Rule("5.4-control", MUST, "Control frames are not fragmented."),
    Rule(
        "5.5-length", MUST, "Control frames have 125 bytes of payload or less, in frames received and sent."
    ),
    Rule("5.5.1-answer", MUST, "A Close frame is answered by a Close frame, unless one was sent already."),
    Rule("5.5.1-echo", SHOULD, "The answer has the status code that was received."),
    Rule(
        "5.5.1-body",
        MUST,
        "The payload of a Close frame is empty, or a code of two bytes and a reason in UTF-8.",
    ),
    Rule("5.5.1-last", MUST, "Nothing is sent after a Close frame."),
    Rule("5.5.2-answer", MUST, "A ping is answered by a pong, unless a Close frame has been received."),
    Rule("5.5.2-soon", SHOULD, "A ping is answered as soon as possible, even within a fragmented message."),
    Rule("5.5.3-same", MUST, "The pong has the payload of the ping it answers."),
    Rule("5.5.3-unsolicited", MUST, "A pong that nobody asked for is not answered."),
    Rule(
        "5.6-types",
        MUST,
        "Text is delivered as text in UTF-8, binary as bytes; what is sent says which it is.",
    ),
    # Sending and receiving
    Rule("6.1-open", MUST, "Data is sent on open connections only."),
    Rule("6.2-segments", MUST, "Frames and messages do not depend on how the bytes were cut on their way."),
    # Closing
    Rule("7.1.1-server", MUST, "The server closes the TCP connection first, after both Close frames."),
    Rule(
        "7.1.1-timeout",
        SHOULD,
        "A peer that does not end the closing handshake cannot hold the connection for ever.",
    ),
    Rule(
        "7.1.2-start",
        MUST,
        "The closing handshake starts with a Close frame with the code and reason of the application.",
    ),
    Rule("7.1.4-ignore", MUST, "What comes after the peer's Close frame is ignored."),
    Rule(
        "7.1.5-code",
        MUST,
        "The code reported is that of the peer's Close frame, 1005 if it has none, 1006 if none came.",
    ),
    Rule("7.1.6-reason", MUST, "The reason reported is that of the peer's Close frame."),
    Rule(
        "7.1.7-close",
        SHOULD,
        "A connection that is failed is told why by a Close frame before TCP is closed.",
    ),
    Rule("7.1.7-stop", MUST, "After a connection was failed, no more data of the peer is processed."),
    Rule(
        "7.4.1-reserved",
        MUST,
        "1004, 1005, 1006, 1015 and what is not defined never stand in a Close frame, received or sent.",
    ),
    Rule("7.4.1-too-big", SHOULD, "A message that is too big is answered by 1009."),
    Rule("7.4.2-ranges", MUST, "3000 to 4999 may stand in a Close frame; 0 to 999 and beyond 4999 may not."),
    # Errors and security
    Rule("8.1-utf8", MUST, "Text that is not UTF-8 fails the connection (1007)."),
    Rule("10.1-non-browser", MUST, "Any client is possible: no sequence of bytes may harm the server."),
    Rule(
        "10.4-limits",
        MUST,
        "The server protects itself from frames and messages beyond its limits, all fragments together.",
    ),
    Rule("10.7-handshake", SHOULD, "Bytes that are no handshake are answered by an HTTP error."),
)
