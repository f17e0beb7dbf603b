"""What one end of a TCP connection knows, and how its segments are put together (RFC 9293, section 3.3.1).

The transmission control block: `bench.tcp` decides what happens to it and when.
"""

from __future__ import annotations

from collections.abc import Callable

from bench.layers.acceptance import BARE_SECONDS, CHALLENGE_SECONDS, CHALLENGES, AnswerLimit
from bench.layers.reassembly import MODULO, Reassembly
from bench.layers.tcp_options import Options
from bench.layers.tcp_state import AckPolicy, Record, State, TcpError
from bench.layers.tcpip import ACK, PSH, RST, SYN, Endpoint, Segment, build
from bench.layers.transmission import Transmission, refreshed

DEFAULT_MSS = 536
"""What a remote end accepts that did not say (RFC 9293, section 3.7.1)."""


def occupies_sequence_space(segment: Segment) -> bool:
    """Whether a segment carries data, SYN or FIN: its sender repeats it until it is acknowledged."""
    return segment.length > 0


class ControlBlock:
    """One end of one connection; `TcpEndpoint` documents the arguments."""

    def __init__(
        self,
        local: Endpoint,
        remote: Endpoint,
        *,
        isn: int = 0,
        mss: int = 1460,
        window: int = 65535,
        ack_policy: AckPolicy = AckPolicy.IMMEDIATE,
        ack_delay: float = 0.2,
        rto: float = 1.0,
        retries: int = 5,
        time_wait: float = 1.0,
        options: Options | None = None,
        heed_window: bool = True,
    ) -> None:
        self.local, self.remote = local, remote
        self.options = Options() if options is None else options
        self.heed_window = heed_window
        self.isn, self.mss, self.window = isn % MODULO, mss, window
        self.ack_policy, self.ack_delay = ack_policy, ack_delay
        self.retries, self.time_wait = retries, time_wait
        self.silent = False
        """Do nothing of its own accord: what comes is followed, but neither acknowledged nor answered, and
        nothing is sent again. What the caller asks for still goes out, with the acknowledgement sent last."""
        self.verify = True
        """Take only segments with right checksums that are sent to this end's Ethernet address."""
        self.acknowledged = 0
        """The acknowledgement number sent last."""
        self.state = State.CLOSED
        self.error: TcpError | None = None
        self.outgoing: list[bytes] = []
        self.history: list[Record] = []
        self.remote_mss = DEFAULT_MSS
        self.lost: list[Segment] = []
        """What `lose` has kept from this end."""
        self._lose: tuple[int, Callable[[Segment], bool]] = 0, occupies_sequence_space
        self._stream = Reassembly()
        self._send = Transmission(self.isn, rto)
        self._close_asked = self._passive = False
        self._challenges = AnswerLimit(CHALLENGES, CHALLENGE_SECONDS)
        self._bare_answers = AnswerLimit(1, BARE_SECONDS)
        self._shifts = 0, 0
        self._echo: int | None = None
        self._unacked_segments = 0
        self._ack_due = False
        self._ack_timer: float | None = None
        self._identification = self.isn & 0xFFFF

    @property
    def received(self) -> bytearray:
        """The stream so far, in order, as far as it has not been read."""
        return self._stream.data

    @property
    def eof(self) -> bool:
        """The remote end has sent FIN and everything before it has arrived."""
        return self._stream.ended

    @property
    def receive_next(self) -> int:
        """The sequence number expected next."""
        return self._stream.next

    @property
    def send_next(self) -> int:
        """The sequence number sent next."""
        return self._send.next

    @property
    def send_unacknowledged(self) -> int:
        """The first sequence number that the remote end has not acknowledged."""
        return self._send.unacknowledged

    @property
    def send_window(self) -> int:
        """What the remote end was ready to take when it was last heard of, in bytes."""
        return self._send.window

    @property
    def receive_window(self) -> int:
        """What the remote end is told that it may send, in bytes (RCV.WND): `window` as its field has it."""
        return self._window_field << self._shifts[0]

    @property
    def all_acknowledged(self) -> bool:
        """Whether everything that was to be sent has arrived."""
        return self._send.idle

    @property
    def _ack_number(self) -> int:
        return self.acknowledged if self.silent else self.receive_next

    @property
    def _window_field(self) -> int:
        return min(self.window >> self._shifts[0], 0xFFFF)

    def _step(self, now: float) -> int:
        """Bytes of data in a full segment: what both ends take, less the options (RFC 6691, section 2)."""
        return max(1, min(self.remote_mss, self.mss) - len(self.options.of_segment(now, self._echo)))

    def _bare(self, flags: int, ack: int, now: float) -> Segment:
        options = self.options.of_segment(now, self._echo)
        return Segment(self.send_next, ack, flags, self._window_field, options=options)

    def _data(self, payload: bytes, now: float, seq: int | None = None) -> Segment:
        options = self.options.of_segment(now, self._echo)
        seq = self.send_next if seq is None else seq % MODULO
        return Segment(seq, self._ack_number, PSH | ACK, self._window_field, payload, options)

    def _syn(self, flags: int, now: float) -> Segment:
        ack = self.receive_next if flags & ACK else 0
        options = self.options.of_syn(self.mss, now, self._echo or 0)
        return Segment(self.isn, ack, flags, min(self.window, 0xFFFF), options=options)

    def _transmit(self, segment: Segment, now: float) -> None:
        """Send a segment that occupies sequence space."""
        self._send.sent(segment, now)
        self._emit(segment, now)

    def _again(self, segments: list[Segment], now: float) -> None:
        """Send segments once more."""
        if self.silent:
            return
        for old in segments:
            if old.flags & SYN:
                self._emit(self._syn(old.flags, now), now)
            else:
                options = self.options.of_segment(now, self._echo)
                self._emit(refreshed(old, self.receive_next, self._window_field, options), now)

    def _answer_syn(self, now: float) -> None:
        if not self.silent:
            self._transmit(self._syn(SYN | ACK, now), now)

    def _answer_ack(self, now: float) -> None:
        self._answer(self._bare(ACK, self.receive_next, now), now)

    def _challenge(self, segment: Segment, now: float) -> None:
        """Answer a segment that does not fit with what would: an ACK, but not for ever."""
        limit = self._challenges if segment.length or segment.flags & RST else self._bare_answers
        if limit.allows(now):
            self._answer_ack(now)

    def _answer(self, segment: Segment, now: float) -> None:
        """Send what nobody asked for."""
        if not self.silent:
            self._emit(segment, now)

    def _emit(self, segment: Segment, now: float, track: bool = True) -> None:
        if segment.flags & ACK:
            self.acknowledged = segment.ack
        if track and segment.flags & ACK:
            self._ack_due, self._ack_timer, self._unacked_segments = False, None, 0
        self._identification += 1
        frame = build(self.local, self.remote, segment, self._identification)
        self.outgoing.append(frame)
        self.history.append(Record(now, True, segment, frame))

    def _fail(self, error: TcpError) -> None:
        self.error = error
        self._finish()

    def _finish(self) -> None:
        self.state = State.CLOSED
        self._ack_timer = None
        self._send.forget()
