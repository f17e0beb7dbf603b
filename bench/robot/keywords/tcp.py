"""Keywords about TCP below a WebSocket connection: order, loss, windows, segments of any kind."""

from __future__ import annotations

from datetime import timedelta

from bench.layers.schedule import Schedule
from bench.layers.websocket import WebSocket
from bench.peer_error import PeerError
from bench.robot.keywords.base import Keywords
from bench.robot.listener import LISTENER

FLAGS = {"F": 0x01, "S": 0x02, "R": 0x04, "P": 0x08, "A": 0x10, "U": 0x20}
"""RFC 9293, section 3.1, by the letters Scapy uses."""


class TcpKeywords(Keywords):
    """They act on the connection opened last; our own TCP keeps to the rules where nothing else is said."""

    def send_text_in_ranges(self, text: str, *ranges: str) -> None:
        """Send a text message in segments that hold these ranges of the frame's bytes, in this order.

        A range is ``first-end``, the end not included; ranges may repeat and overlap.

        | Send Text In Ranges | out of order | 9-18 | 0-9 |
        """
        pairs = [tuple(map(int, part.split("-"))) for part in ranges]
        schedule = Schedule(ranges=[(first, end) for first, end in pairs])
        self.peer.send(WebSocket(opcode="text") / text.encode(), schedule=schedule)

    def lose_next_segments_of_board(self, count: int = 1) -> None:
        """So many segments of the board, of those that it has to send again, do not reach us.

        | Lose Next Segments Of Board |
        | Send Masked Text | hello |
        | Text Should Arrive | hello |
        """
        LISTENER.stopwatch.disturb()
        self.peer.lose(count)

    def inject_segment(self, flags: str, seq: int = 0, ack: int = 0, urgent: int = 0) -> None:
        """Send one segment of which our own TCP knows nothing, and give the board 100 ms.

        ``flags`` are letters out of FSRPAU; ``seq`` and ``ack`` are offsets from the numbers that fit, and
        ``urgent`` is the urgent pointer.

        | Inject Segment | R | seq=1000 |
        | Connection Should Still Echo |
        """
        bits = sum(FLAGS[letter] for letter in flags)
        self.peer.inject(self.peer.segment(bits, seq=seq, ack=ack, urgent=urgent))
        self.board.run(0.1)

    def set_window(self, size: int) -> None:
        """Advertise a receive window of so many bytes from now on; tell the board at once.

        | Set Window | 0 |
        | Set Window | 65535 |
        """
        LISTENER.stopwatch.disturb()
        self.peer.tcp.window = size
        self.peer.acknowledge()

    def board_should_probe_closed_window(self, within: timedelta = timedelta(seconds=5)) -> None:
        """The board has to ask for room with segments of at most one byte (RFC 9293, section 3.8.6.1).

        | Set Window | 0 |
        | Send Masked Text | some text |
        | Run Board For | 1 s |
        | Board Should Probe Closed Window | within=10 s |
        """
        before = len(self.peer.tcp.history)
        self.peer.expect_silence(within.total_seconds())
        sizes = [len(record.segment.payload) for record in self.peer.tcp.history[before:] if not record.sent]
        if not sizes or max(sizes) > 1:
            wanted = "zero-window probes of at most 1 byte (RFC 9293, section 3.8.6.1)"
            came = f"segments of {sizes} bytes" if sizes else "nothing"
            raise PeerError(self.peer.sent, wanted, came)

    def longest_segment_from_board(self) -> int:
        """Return the length of the longest payload that the board has sent in a segment (bytes)."""
        return max(len(record.segment.payload) for record in self.peer.tcp.history if not record.sent)

    def board_should_acknowledge_everything(self) -> None:
        """The board has to acknowledge all that was sent, and no more (RFC 9293, section 3.4)."""
        self.peer.wait_acknowledged()
