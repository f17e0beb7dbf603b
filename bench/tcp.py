"""A deterministic TCP endpoint without I/O: frames and the time in, frames and bytes out (RFC 9293).

It is the bench's end of a connection to the board, made for tests: segment boundaries, acknowledgements,
window, initial sequence number and port are the caller's to choose, any segment can be injected, everything
that crossed is recorded. Time is whatever the caller says it is. There is no congestion control: it would
make segment boundaries depend on history, and the wire it is for has one sender on each side.

Rules it keeps:

1. A piece handed to `send` goes out as one segment unless the remote window alone forbids it.
2. The stream is delivered once and in order, whatever the segments do.
3. Nothing is retransmitted for ever: after `retries` timeouts the connection fails with `TcpTimeoutError`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from bench.layers.reassembly import MODULO, Reassembly, distance
from bench.layers.tcp_state import (
    AckPolicy,
    Record,
    State,
    TcpError,
    TcpRefusedError,
    TcpResetError,
    TcpTimeoutError,
)
from bench.layers.tcpip import (
    ACK,
    FIN,
    MSS_OPTION,
    PSH,
    RST,
    SYN,
    Endpoint,
    Segment,
    build,
    mss_option,
    parse,
)

DEFAULT_MSS = 536
"""What a remote end accepts that did not say (RFC 9293, section 3.7.1)."""


_CAN_SEND = (State.ESTABLISHED, State.CLOSE_WAIT)
_CAN_RECEIVE = (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2)


class TcpEndpoint:
    """One end of one connection. `outgoing` fills with frames; the caller puts them on the wire.

    `rto` seconds is the first retransmission timeout; it doubles. After the FIN exchange the endpoint stays
    in TIME-WAIT for `time_wait` seconds.
    """

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
    ) -> None:
        self.local, self.remote = local, remote
        self.isn, self.mss, self.window = isn % MODULO, mss, window
        self.ack_policy, self.ack_delay = ack_policy, ack_delay
        self.rto, self.retries, self.time_wait = rto, retries, time_wait
        self.silent = False
        """Do nothing of its own accord: what comes is followed, but neither acknowledged nor answered, and
        nothing is sent again. What the caller asks for still goes out, with the acknowledgement sent last."""
        self.acknowledged = 0
        """The acknowledgement number sent last."""
        self.state = State.CLOSED
        self.error: TcpError | None = None
        self.outgoing: list[bytes] = []
        self.history: list[Record] = []
        self.remote_mss = DEFAULT_MSS
        self.send_next = self.send_unacknowledged = self.isn
        self.send_window = 0
        self._stream = Reassembly()
        self._window_update = (0, 0)
        self._pending: deque[bytes] = deque()
        self._inflight: deque[Segment] = deque()
        self._close_asked = False
        self._recover: int | None = None
        self._unacked_segments = 0
        self._ack_due = False
        self._ack_timer: float | None = None
        self._timer: float | None = None
        self._timeouts = 0
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
    def all_acknowledged(self) -> bool:
        """Whether everything that was to be sent has arrived."""
        return not self._pending and not self._inflight

    # What the application does

    def listen(self) -> None:
        """Wait for a SYN."""
        self.state = State.LISTEN

    def connect(self, now: float) -> None:
        """Send SYN."""
        self.state = State.SYN_SENT
        self._transmit(Segment(self.isn, 0, SYN, self.window, options=mss_option(self.mss)), now)

    def send(self, data: bytes, now: float, split: Iterable[int] | None = None) -> None:
        """Queue bytes: in segments of these sizes, the rest (or everything) in segments of the remote's MSS.

        Raises TcpError if this end can no longer send.
        """
        if self.error is not None:
            raise self.error
        if self._close_asked or self.state not in (*_CAN_SEND, State.SYN_SENT, State.SYN_RECEIVED):
            raise TcpError(f"cannot send in state {self.state.value}")
        start = 0
        for size in split or ():
            if size <= 0:
                raise ValueError(f"segment sizes must be positive, got {size}")
            if start < len(data):
                self._pending.append(data[start : start + size])
            start += size
        step = min(self.remote_mss, self.mss)
        self._pending.extend(data[at : at + step] for at in range(start, len(data), step))
        self._pump(now)

    def close(self, now: float) -> None:
        """Send FIN after everything that is queued."""
        if not self._close_asked and self.state in (*_CAN_SEND, State.SYN_RECEIVED):
            self._close_asked = True
            self._pump(now)
        elif self.state in (State.LISTEN, State.SYN_SENT):
            self._finish()

    def reset(self, now: float) -> None:
        """Send RST and forget the connection."""
        if self.state not in (State.CLOSED, State.LISTEN, State.TIME_WAIT):
            self._emit(Segment(self.send_next, self.receive_next, RST | ACK), now)
        self._finish()

    def acknowledge(self, now: float, number: int | None = None) -> None:
        """Send a bare ACK now: with `AckPolicy.MANUAL`, or to announce a changed `window`.

        It acknowledges everything that has come, or everything before `number`.
        """
        number = self.receive_next if number is None else number % MODULO
        self._emit(Segment(self.send_next, number, ACK, self.window), now)

    def inject(self, segment: Segment, now: float) -> None:
        """Send any segment; this end's state does not notice."""
        self._emit(segment, now, track=False)

    def read(self, size: int | None = None) -> bytes:
        """Take up to `size` bytes (default: all) from the received stream."""
        data = bytes(self.received[:size])
        del self.received[: len(data)]
        return data

    def take(self) -> list[bytes]:
        """Collect the frames to put on the wire."""
        frames, self.outgoing = self.outgoing, []
        return frames

    # Time

    @property
    def next_timer(self) -> float | None:
        """When `tick` is next due, None for never."""
        if self.silent:
            return self._timer if self.state is State.TIME_WAIT else None
        timers = [timer for timer in (self._timer, self._ack_timer) if timer is not None]
        return min(timers) if timers else None

    def tick(self, now: float) -> None:
        """Let due timers act: delayed acknowledgement, retransmission, window probe, end of TIME-WAIT."""
        if self.next_timer is None:
            return
        if self._ack_timer is not None and now >= self._ack_timer:
            self._answer_ack(now)
        if self._timer is None or now < self._timer:
            return
        if self.state is State.TIME_WAIT:
            self._finish()
            return
        self._timeouts += 1
        if self._timeouts > self.retries:
            waiting = self._inflight[0] if self._inflight else f"window still {self.send_window}"
            self._fail(TcpTimeoutError(f"no answer to {self.retries} retransmissions; unanswered: {waiting}"))
            return
        if self._inflight:
            self._recover = self.send_next
            self._retransmit(now)
        elif self._pending:
            # Zero window: one byte of the stream asks whether it has opened (RFC 9293, section 3.8.6.1).
            piece = self._pending.popleft()
            if len(piece) > 1:
                self._pending.appendleft(piece[1:])
            self._transmit(self._data(piece[:1]), now)
        self._timer = now + self.rto * (1 << self._timeouts)

    # What the wire does

    def feed(self, frame: bytes, now: float) -> bool:
        """Take a frame from the wire; False if it is none of this connection's."""
        parsed = parse(frame)
        if parsed is None or (parsed.destination.ip, parsed.destination.port) != (
            self.local.ip,
            self.local.port,
        ):
            return False
        if (parsed.source.ip, parsed.source.port) != (self.remote.ip, self.remote.port):
            return False
        self.history.append(Record(now, False, parsed.segment, frame))
        self._segment(parsed.segment, now)
        return True

    def _segment(self, segment: Segment, now: float) -> None:
        if self.state is State.CLOSED:
            if not segment.flags & RST:
                # RFC 9293, section 3.10.7.1
                if segment.flags & ACK:
                    self._answer(Segment(segment.ack, 0, RST), now)
                else:
                    self._answer(Segment(0, segment.seq + segment.length, RST | ACK), now)
            return
        if self.state is State.LISTEN:
            if segment.flags & (SYN | ACK | RST) == SYN:
                self._accept_syn(segment)
                self.state = State.SYN_RECEIVED
                self._answer_syn(now)
            return
        if self.state is State.SYN_SENT:
            self._in_syn_sent(segment, now)
            return
        if not self._acceptable(segment):
            if not segment.flags & RST:
                self._answer_ack(now)
            return
        if segment.flags & RST:
            if segment.seq == self.receive_next:
                self._fail(TcpResetError(f"reset by {self.remote}: {segment}"))
            else:
                self._answer_ack(now)  # RFC 5961, section 3.2: challenge
            return
        if segment.flags & SYN:
            self._answer_ack(now)  # RFC 5961, section 4.2: challenge
            return
        if not segment.flags & ACK or not self._acknowledged(segment, now):
            return
        self._receive(segment, now)
        if self.error is None:
            self._pump(now)
            if self._ack_due:
                self._ack_later(now)

    def _in_syn_sent(self, segment: Segment, now: float) -> None:
        acceptable = bool(segment.flags & ACK) and segment.ack == self.send_next
        if segment.flags & ACK and not acceptable:
            if not segment.flags & RST:
                self._answer(Segment(segment.ack, 0, RST), now)
        elif segment.flags & RST:
            if acceptable:
                self._fail(TcpRefusedError(f"refused by {self.remote}: {segment}"))
        elif segment.flags & SYN:
            self._accept_syn(segment)
            if acceptable:
                self.state = State.ESTABLISHED
                self._take_acknowledgement(segment, now)
                self._answer_ack(now)
                self._pump(now)
            else:
                self.state = State.SYN_RECEIVED
                self._inflight.clear()
                self.send_next = self.isn
                self._answer_syn(now)

    def _accept_syn(self, segment: Segment) -> None:
        self._stream = Reassembly(segment.seq + 1)
        self.send_window, self._window_update = segment.window, (segment.seq, segment.ack)
        value = segment.option(MSS_OPTION)
        if value is not None and len(value) == 2:
            self.remote_mss = int.from_bytes(value, "big") or DEFAULT_MSS

    def _acceptable(self, segment: Segment) -> bool:
        """RFC 9293, section 3.10.7.4, first check."""
        first = distance(segment.seq, self.receive_next)
        last = first + max(segment.length - 1, 0)
        if segment.length == 0:
            return first == 0 or 0 < first < self.window
        return self.window > 0 and (0 <= first < self.window or 0 <= last < self.window)

    def _acknowledged(self, segment: Segment, now: float) -> bool:
        """Handle the acknowledgement; False if it ends the handling of the segment."""
        if distance(segment.ack, self.send_next) > 0:
            if self.state is State.SYN_RECEIVED:
                self._answer(Segment(segment.ack, 0, RST), now)
            else:
                self._answer_ack(now)
            return False
        if self.state is State.SYN_RECEIVED:
            if distance(segment.ack, self.isn) <= 0:
                return False
            self.state = State.ESTABLISHED
        self._take_acknowledgement(segment, now)
        if self._close_asked and not self._pending and self.send_unacknowledged == self.send_next:
            if self.state is State.FIN_WAIT_1:
                self.state = State.FIN_WAIT_2
            elif self.state is State.CLOSING:
                self._enter_time_wait(now)
            elif self.state is State.LAST_ACK:
                self._finish()
                return False
        return True

    def _take_acknowledgement(self, segment: Segment, now: float) -> None:
        progress = distance(segment.ack, self.send_unacknowledged) > 0
        if progress:
            self.send_unacknowledged = segment.ack
            while self._inflight:
                first = self._inflight[0]
                if distance(first.seq + first.length, segment.ack) > 0:
                    break
                self._inflight.popleft()
            self._timeouts = 0
            self._timer = now + self.rto if self._inflight else None
        newer = distance(segment.seq, self._window_update[0])
        if newer > 0 or (newer == 0 and distance(segment.ack, self._window_update[1]) >= 0):
            opened = self.send_window == 0 and segment.window > 0
            self.send_window, self._window_update = segment.window, (segment.seq, segment.ack)
            if opened and self._inflight and not progress:
                self._retransmit(now)  # the probe of a closed window, which was dropped
            elif self._pending and not self._inflight:
                self._timer, self._timeouts = None, 0
        if self._recover is not None:
            if distance(self.send_unacknowledged, self._recover) >= 0:
                self._recover = None
            elif progress and self._inflight:
                # More of the same loss (RFC 6582); by twos, or each would wait for a delayed acknowledgement.
                self._retransmit(now, 2)

    def _receive(self, segment: Segment, now: float) -> None:
        if segment.length and self.state not in _CAN_RECEIVE:
            self._ack_due = True  # a retransmitted FIN or data after it
            return
        if not segment.length:
            return
        self._stream.feed(segment.seq, segment.payload, bool(segment.flags & FIN), self.window)
        self._unacked_segments += 1
        self._ack_due = True
        if self.eof:
            if self.state is State.ESTABLISHED:
                self.state = State.CLOSE_WAIT
            elif self.state is State.FIN_WAIT_1:
                self.state = State.CLOSING
            elif self.state is State.FIN_WAIT_2:
                self._enter_time_wait(now)

    # Sending

    def _pump(self, now: float) -> None:
        """Send what the remote window lets through, then FIN if it was asked for."""
        if self.state not in _CAN_SEND:
            return
        while self._pending:
            piece = self._pending[0]
            room = self.send_window - distance(self.send_next, self.send_unacknowledged)
            if len(piece) > room and self._inflight:
                return
            if room <= 0:
                if self._timer is None:
                    self._timer = now + self.rto
                return
            self._pending.popleft()
            if len(piece) > room:
                self._pending.appendleft(piece[room:])
                piece = piece[:room]
            self._transmit(self._data(piece), now)
        if self._close_asked:
            self._transmit(Segment(self.send_next, self._ack_number, FIN | ACK, self.window), now)
            self.state = State.FIN_WAIT_1 if self.state is State.ESTABLISHED else State.LAST_ACK

    @property
    def _ack_number(self) -> int:
        return self.acknowledged if self.silent else self.receive_next

    def _data(self, payload: bytes) -> Segment:
        return Segment(self.send_next, self._ack_number, PSH | ACK, self.window, payload)

    def _answer_syn(self, now: float) -> None:
        if not self.silent:
            options = mss_option(self.mss)
            self._transmit(Segment(self.isn, self.receive_next, SYN | ACK, self.window, options=options), now)

    def _answer_ack(self, now: float) -> None:
        self._answer(Segment(self.send_next, self.receive_next, ACK, self.window), now)

    def _answer(self, segment: Segment, now: float) -> None:
        """Send what nobody asked for."""
        if not self.silent:
            self._emit(segment, now)

    def _transmit(self, segment: Segment, now: float) -> None:
        """Send a segment that occupies sequence space: it stays in flight until acknowledged."""
        self._inflight.append(segment)
        self.send_next = (segment.seq + segment.length) % MODULO
        if self._timer is None:
            self._timer = now + self.rto
        self._emit(segment, now)

    def _retransmit(self, now: float, count: int = 1) -> None:
        """Send the oldest segments that are in flight again."""
        if self.silent:
            return
        for old in islice(self._inflight, count):
            ack = self.receive_next if old.flags & ACK else 0
            self._emit(replace(old, ack=ack, window=self.window), now)

    def _emit(self, segment: Segment, now: float, track: bool = True) -> None:
        if segment.flags & ACK:
            self.acknowledged = segment.ack
        if track and segment.flags & ACK:
            self._ack_due, self._ack_timer, self._unacked_segments = False, None, 0
        self._identification += 1
        frame = build(self.local, self.remote, segment, self._identification)
        self.outgoing.append(frame)
        self.history.append(Record(now, True, segment, frame))

    def _ack_later(self, now: float) -> None:
        """Acknowledge as the policy says."""
        if self.ack_policy is AckPolicy.IMMEDIATE or (
            self.ack_policy is AckPolicy.DELAYED
            and (self._unacked_segments >= 2 or self.eof or self._stream.gap)
        ):
            self._answer_ack(now)
        elif self.ack_policy is AckPolicy.DELAYED and self._ack_timer is None:
            self._ack_timer = now + self.ack_delay

    # Ends

    def _enter_time_wait(self, now: float) -> None:
        self.state, self._timer = State.TIME_WAIT, now + self.time_wait

    def _fail(self, error: TcpError) -> None:
        self.error = error
        self._finish()

    def _finish(self) -> None:
        self.state = State.CLOSED
        self._timer = self._ack_timer = None
        self._pending.clear()
        self._inflight.clear()
