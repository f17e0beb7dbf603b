"""A deterministic TCP endpoint without I/O: frames and the time in, frames and bytes out (RFC 9293).

It is the bench's end of a connection to the board, made for tests: segment boundaries, acknowledgements,
window, initial sequence number and port are the caller's to choose, any segment can be injected, everything
that crossed is recorded. Time is whatever the caller says it is. There is no congestion control: it would
make segment boundaries depend on history, and the wire it is for has one sender on each side.

Rules it keeps:

1. A piece handed to `send` goes out as one segment unless the remote window alone forbids it.
2. The stream is delivered once and in order, whatever the segments do.
3. Nothing is retransmitted for ever: after `retries` timeouts the connection fails with `TcpTimeoutError`.
4. What does not fit is answered as RFC 9293, section 3.10.7, and RFC 5961 have it, but not for ever: the
   other end may answer the answer (`bench.layers.acceptance`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from bench.layers.acceptance import acceptable, acknowledges_what_was_sent
from bench.layers.control_block import DEFAULT_MSS, ControlBlock, occupies_sequence_space
from bench.layers.reassembly import MODULO, Reassembly, distance
from bench.layers.tcp_options import LARGEST_SHIFT, MSS, TIMESTAMPS, WINDOW_SCALE
from bench.layers.tcp_state import (
    AckPolicy,
    Record,
    State,
    TcpError,
    TcpRefusedError,
    TcpResetError,
    TcpTimeoutError,
)
from bench.layers.tcpip import ACK, FIN, RST, SYN, Segment, parse

_CAN_SEND = (State.ESTABLISHED, State.CLOSE_WAIT)
_CAN_RECEIVE = (State.ESTABLISHED, State.FIN_WAIT_1, State.FIN_WAIT_2)


class TcpEndpoint(ControlBlock):
    """One end of one connection. `outgoing` fills with frames; the caller puts them on the wire.

    `rto` seconds is the first retransmission timeout; it doubles. After the FIN exchange the endpoint stays
    in TIME-WAIT for `time_wait` seconds. `window` is what it is ready to take, in bytes; `options` are what
    its segments carry. With `heed_window` false it sends beyond the remote end's window.
    """

    # What the application does

    def listen(self) -> None:
        """Wait for a SYN."""
        self.state, self._passive = State.LISTEN, True

    def connect(self, now: float) -> None:
        """Send SYN."""
        self.state = State.SYN_SENT
        self._transmit(self._syn(SYN, now), now)

    def send(self, data: bytes, now: float, split: Iterable[int] | None = None) -> None:
        """Queue bytes: in segments of these sizes, the rest (or everything) in segments of the remote's MSS.

        Raises TcpError if this end can no longer send.
        """
        self._check_sending()
        self._send.queue(data, split, self._step(now))
        self._pump(now)

    def book(self, data: bytes, now: float, split: Iterable[int] | None = None) -> tuple[int, list[int]]:
        """Count bytes as sent, in segments as `send` makes them, but leave the sending to the caller.

        Returns the sequence number of the first byte and the sizes of the segments. What does not arrive by
        `inject` is retransmitted when its time has come. The remote window does not matter. Raises TcpError
        if this end can no longer send, or has more to send before.
        """
        self._check_sending()
        if self.state not in _CAN_SEND or self._send.pending:
            raise TcpError("what was sent before still waits for the handshake or for the remote window")
        first, sizes = self.send_next, []
        self._send.queue(data, split, self._step(now))
        while (piece := self._send.due(now, heed_window=False)) is not None:
            self._send.sent(self._data(piece, now), now)
            sizes.append(len(piece))
        return first, sizes

    def _check_sending(self) -> None:
        if self.error is not None:
            raise self.error
        if self._close_asked or self.state not in (*_CAN_SEND, State.SYN_SENT, State.SYN_RECEIVED):
            raise TcpError(f"cannot send in state {self.state.value}")

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
        self._emit(self._bare(ACK, number, now), now)

    def inject(self, segment: Segment, now: float) -> None:
        """Send any segment; this end's state does not notice."""
        self._emit(segment, now, track=False)

    def inject_frame(self, frame: bytes, now: float) -> None:
        """Send any frame; this end's state does not notice. A segment in it goes into the history."""
        self.outgoing.append(frame)
        parsed = parse(frame)
        if parsed is not None:
            self.history.append(Record(now, True, parsed.segment, frame))

    def data_segment(self, seq: int, payload: bytes, now: float) -> Segment:
        """A segment with a part of the stream, as this end would send it now, for `inject`."""
        return self._data(payload, now, seq)

    def lose(self, count: int = 1, which: Callable[[Segment], bool] | None = None) -> None:
        """Let the next `count` segments of the remote end be lost before they reach this end.

        Only those count for which `which` is true: by default all that the remote end would send again, with
        data, SYN or FIN.
        """
        self._lose = count, which or occupies_sequence_space

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
            return self._send.timer if self.state is State.TIME_WAIT else None
        timers = [timer for timer in (self._send.timer, self._ack_timer) if timer is not None]
        return min(timers) if timers else None

    def tick(self, now: float) -> None:
        """Let due timers act: delayed acknowledgement, retransmission, window probe, end of TIME-WAIT."""
        if self.next_timer is None:
            return
        if self._ack_timer is not None and now >= self._ack_timer:
            self._answer_ack(now)
        send = self._send
        if send.timer is None or now < send.timer:
            return
        if self.state is State.TIME_WAIT:
            self._finish()
            return
        send.timeouts += 1
        if send.timeouts > self.retries:
            waiting = send.inflight[0] if send.inflight else f"window still {send.window}"
            self._fail(TcpTimeoutError(f"no answer to {self.retries} retransmissions; unanswered: {waiting}"))
            return
        self._again(send.timed_out(), now)
        if not send.inflight and send.pending:
            self._transmit(self._data(send.probe(), now), now)
        send.timer = now + send.rto * (1 << send.timeouts)

    # What the wire does

    def feed(self, frame: bytes, now: float) -> bool:
        """Take a frame from the wire; False if it is none of this connection's."""
        parsed = parse(frame, verify=self.verify)
        if parsed is None or (self.verify and parsed.destination.mac != self.local.mac):
            return False
        if (parsed.destination.ip, parsed.destination.port) != (
            self.local.ip,
            self.local.port,
        ):
            return False
        if (parsed.source.ip, parsed.source.port) != (self.remote.ip, self.remote.port):
            return False
        left, which = self._lose
        lost = left > 0 and which(parsed.segment)
        self.history.append(Record(now, False, parsed.segment, frame, lost))
        if lost:
            self._lose = left - 1, which
            self.lost.append(parsed.segment)
        else:
            self._segment(parsed.segment, now)
        return True

    def _segment(self, segment: Segment, now: float) -> None:
        if self.state is State.CLOSED:
            self._refuse(segment, now)
        elif self.state is State.LISTEN:
            self._in_listen(segment, now)
        elif self.state is State.SYN_SENT:
            self._in_syn_sent(segment, now)
        else:
            self._in_others(segment, now)

    def _refuse(self, segment: Segment, now: float) -> None:
        """What is not for any connection gets a RST (RFC 9293, section 3.10.7.1)."""
        if segment.flags & RST:
            return
        if segment.flags & ACK:
            self._answer(Segment(segment.ack, 0, RST), now)
        else:
            self._answer(Segment(0, segment.seq + segment.length, RST | ACK), now)

    def _in_listen(self, segment: Segment, now: float) -> None:
        if segment.flags & (ACK | RST):
            self._refuse(segment, now)
        elif segment.flags & SYN:
            self._accept_syn(segment)
            self.state = State.SYN_RECEIVED
            self._answer_syn(now)

    def _in_others(self, segment: Segment, now: float) -> None:
        """RFC 9293, section 3.10.7.4: sequence number, RST, SYN, ACK, then what is in the segment."""
        window = self.receive_window
        if segment.flags & RST:
            self._take_reset(segment, now)
            return
        if not acceptable(segment, self.receive_next, window):
            probe = window == 0 and segment.seq == self.receive_next and not segment.flags & SYN
            if probe and segment.flags & ACK and not self._acknowledged(segment, now):
                return  # a closed window does not keep out what a probe acknowledges
            if segment.length and not segment.flags & SYN:
                self._answer_ack(now)  # it is sent again until it is acknowledged, at the pace of its timer
            else:
                self._challenge(segment, now)
            return
        if segment.flags & SYN:
            if self.state is State.SYN_RECEIVED and self._passive:
                self._listen_again()
            else:
                self._challenge(segment, now)  # RFC 5961, section 4.2
            return
        if self._echo is not None:
            self._note_timestamp(segment)
        if not segment.flags & ACK or not self._acknowledged(segment, now):
            return
        self._receive(segment, now)
        if self.error is None:
            self._pump(now)
            if self._ack_due:
                self._ack_later(now)

    def _take_reset(self, segment: Segment, now: float) -> None:
        """Only the number that is expected next ends the connection (RFC 5961, section 3.2)."""
        offset = distance(segment.seq, self.receive_next)
        if offset == 0 and self.state is State.SYN_RECEIVED and self._passive:
            self._listen_again()
        elif offset == 0:
            self._fail(TcpResetError(f"reset by {self.remote}: {segment}"))
        elif 0 < offset < self.receive_window:
            self._challenge(segment, now)

    def _listen_again(self) -> None:
        self._send.forget()
        self._send.restart(self.isn)
        self.state = State.LISTEN

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
                self._send.acknowledge(segment, segment.window, now)
                self._answer_ack(now)
                self._pump(now)
            else:
                self.state = State.SYN_RECEIVED
                self._send.restart(self.isn)
                self._answer_syn(now)

    def _accept_syn(self, segment: Segment) -> None:
        self._stream = Reassembly(segment.seq + 1)
        self._send.open_window(segment, segment.window)
        value = segment.option(MSS)
        if value is not None and len(value) == 2:
            self.remote_mss = int.from_bytes(value, "big") or DEFAULT_MSS
        # Both must have offered them (RFC 7323, sections 2.2 and 3.2).
        shift = segment.option(WINDOW_SCALE)
        if self.options.window_scale is not None and shift is not None and len(shift) == 1:
            self._shifts = self.options.window_scale, min(shift[0], LARGEST_SHIFT)
        if self.options.timestamps:
            self._note_timestamp(segment)

    def _note_timestamp(self, segment: Segment) -> None:
        stamp = segment.option(TIMESTAMPS)
        if stamp is not None and len(stamp) == 8:
            self._echo = int.from_bytes(stamp[:4], "big")

    def _acknowledged(self, segment: Segment, now: float) -> bool:
        """Handle the acknowledgement; False if it ends the handling of the segment."""
        send = self._send
        if self.state is State.SYN_RECEIVED:
            if not 0 < distance(segment.ack, self.isn) <= distance(send.next, self.isn):
                self._refuse(segment, now)
                return False
            self.state = State.ESTABLISHED
        elif not acknowledges_what_was_sent(segment.ack, send.unacknowledged, send.next, send.largest_window):
            self._challenge(segment, now)
            return False
        self._again(self._send.acknowledge(segment, segment.window << self._shifts[1], now), now)
        if self._close_asked and not self._send.pending and self.send_unacknowledged == self.send_next:
            if self.state is State.FIN_WAIT_1:
                self.state = State.FIN_WAIT_2
            elif self.state is State.CLOSING:
                self._enter_time_wait(now)
            elif self.state is State.LAST_ACK:
                self._finish()
                return False
        return True

    def _receive(self, segment: Segment, now: float) -> None:
        if segment.length and self.state not in _CAN_RECEIVE:
            self._ack_due = True  # a retransmitted FIN or data after it
            return
        if not segment.length:
            return
        self._stream.feed(segment.seq, segment.payload, bool(segment.flags & FIN), self.receive_window)
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
        while (piece := self._send.due(now, self.heed_window)) is not None:
            self._transmit(self._data(piece, now), now)
        if self._close_asked and not self._send.pending:
            self._transmit(self._bare(FIN | ACK, self._ack_number, now), now)
            self.state = State.FIN_WAIT_1 if self.state is State.ESTABLISHED else State.LAST_ACK

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
        self.state, self._send.timer = State.TIME_WAIT, now + self.time_wait
