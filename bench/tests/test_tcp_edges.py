"""Sequence numbers at the edges of every window, in every state (RFC 9293, section 3.10.7; RFC 5961)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.layers.acceptance import BARE_SECONDS, CHALLENGE_SECONDS, CHALLENGES, acceptable
from bench.layers.tcp_state import State, TcpResetError
from bench.layers.tcpip import ACK, FIN, PSH, RST, SYN, Endpoint, Segment, build, parse
from bench.tcp import TcpEndpoint

HERE = Endpoint.of("00:00:5e:00:53:02", "192.0.2.2", 50000)
THERE = Endpoint.of("00:00:5e:00:53:01", "192.0.2.1", 8080)
ISN, IRS = 0xFFFFFFF0, 0xFFFFFFFA
"""Both number spaces wrap within the tests."""
WINDOW = 10
REMOTE_WINDOW = 1000
SYNCHRONISED = (
    State.ESTABLISHED,
    State.FIN_WAIT_1,
    State.FIN_WAIT_2,
    State.CLOSE_WAIT,
    State.CLOSING,
    State.LAST_ACK,
    State.TIME_WAIT,
)


class Remote:
    """An endpoint in a state, and whoever makes up the other end's segments."""

    def __init__(self, state: State, window: int = WINDOW, *, passive: bool = False) -> None:
        self.now = 0.0
        self.end = TcpEndpoint(HERE, THERE, isn=ISN, window=window)
        self.next = IRS
        if passive:
            self.end.listen()
            if state is not State.LISTEN:
                self.say(SYN, 1)
        elif state is not State.CLOSED:
            self.end.connect(self.now)
            if state is State.SYN_RECEIVED:
                self.say(SYN, 1)
            elif state is not State.SYN_SENT:
                self.say(SYN | ACK, 1)
        if state in (State.CLOSE_WAIT, State.LAST_ACK):
            self.say(FIN | ACK, 1)
        if state in (*SYNCHRONISED[1:3], State.CLOSING, State.LAST_ACK, State.TIME_WAIT):
            self.end.close(self.now)
        if state is State.CLOSING:
            self.say(FIN | ACK, 1, ack=-1)
        if state in (State.FIN_WAIT_2, State.TIME_WAIT):
            self.say(ACK)
        if state is State.TIME_WAIT:
            self.say(FIN | ACK, 1)
        assert self.end.state is state
        self.end.take()

    def say(self, flags: int, advance: int = 0, *, seq: int = 0, ack: int = 0, data: bytes = b"") -> str:
        """A segment, its numbers relative to what fits; gives the answers in words."""
        number = (self.end.send_next + ack) % 2**32 if flags & ACK else 0
        segment = Segment((self.next + seq) % 2**32, number, flags, REMOTE_WINDOW, data)
        self.next = (self.next + advance) % 2**32
        self.end.feed(build(THERE, HERE, segment), self.now)
        return ", ".join(map(self.word, self.end.take()))

    def word(self, frame: bytes) -> str:
        parsed = parse(frame)
        assert parsed is not None
        answer = parsed.segment
        if answer.flags == ACK and answer.seq == self.end.send_next and answer.ack == self.end.receive_next:
            return "ack"
        return str(answer)


@pytest.mark.parametrize("window", [0, 1, WINDOW])
@pytest.mark.parametrize("length", [0, 1, 2, WINDOW, WINDOW + 2])
@pytest.mark.parametrize("offset", [-WINDOW - 2, -2, -1, 0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 2**31 - 1])
def test_what_fits_is_what_the_table_says(offset: int, length: int, window: int) -> None:
    numbers = {(IRS + offset + n) % 2**32 for n in {0, max(length - 1, 0)}}
    fits = {(IRS + n) % 2**32 for n in range(window)}
    expected = offset == 0 and length == 0 if window == 0 else bool(numbers & fits)
    segment = Segment((IRS + offset) % 2**32, payload=bytes(length))
    assert acceptable(segment, IRS, window) is expected


@pytest.mark.parametrize("state", SYNCHRONISED)
@pytest.mark.parametrize(
    ("offset", "expected"),
    [(-1, "ack"), (0, ""), (1, ""), (WINDOW - 1, ""), (WINDOW, "ack"), (-(2**31), "ack")],
)
def test_a_bare_ack_is_answered_only_if_it_does_not_fit(state: State, offset: int, expected: str) -> None:
    remote = Remote(state)
    flight = -1 if state in (State.FIN_WAIT_1, State.CLOSING, State.LAST_ACK) else 0  # leave our FIN open
    assert remote.say(ACK, seq=offset, ack=flight) == expected
    assert remote.end.state is state


@pytest.mark.parametrize("state", [State.SYN_RECEIVED, *SYNCHRONISED])
@pytest.mark.parametrize(
    ("offset", "expected"),
    [(-1, "drop"), (0, "reset"), (1, "ack"), (WINDOW - 1, "ack"), (WINDOW, "drop"), (-(2**31), "drop")],
)
def test_a_reset_counts_with_the_expected_number_alone(state: State, offset: int, expected: str) -> None:
    remote = Remote(state)
    answer = remote.say(RST, seq=offset)
    assert answer == (expected if expected == "ack" else "")
    assert remote.end.state is (State.CLOSED if expected == "reset" else state)
    assert isinstance(remote.end.error, TcpResetError) is (expected == "reset")


@pytest.mark.parametrize("window", [0, 1])
def test_a_reset_is_heard_with_a_closed_window_too(window: int) -> None:
    assert Remote(State.ESTABLISHED, window).say(RST, seq=1) == ""
    remote = Remote(State.ESTABLISHED, window)
    remote.say(RST | ACK, data=b"why")
    assert isinstance(remote.end.error, TcpResetError)


@pytest.mark.parametrize("state", SYNCHRONISED)
@pytest.mark.parametrize("offset", [-1, 0, 1, WINDOW - 1, WINDOW])
@pytest.mark.parametrize("flags", [SYN, SYN | ACK])
def test_a_syn_is_challenged(state: State, offset: int, flags: int) -> None:
    remote = Remote(state)
    assert remote.say(flags, seq=offset, ack=-1) == "ack"
    assert remote.end.state is state


@pytest.mark.parametrize(
    ("offset", "data", "came"),
    [
        (-2, b"ab", b""),
        (-2, b"abc", b"c"),
        (0, b"", b""),
        (0, b"a", b"a"),
        (0, bytes(WINDOW), bytes(WINDOW)),
        (0, bytes(WINDOW + 1), bytes(WINDOW)),
        (1, b"b", b""),
        (WINDOW, b"k", b""),
        (-1, bytes(WINDOW + 2), b""),
    ],
)
def test_data_is_taken_as_far_as_it_lies_in_the_window(offset: int, data: bytes, came: bytes) -> None:
    remote = Remote(State.ESTABLISHED)
    assert remote.say(PSH | ACK, seq=offset, data=data) == ("ack" if data else "")
    assert remote.end.read() == came


@pytest.mark.parametrize(
    ("offset", "data", "ended"),
    [
        (0, b"", True),
        (-1, b"x", True),
        (-1, b"", False),
        (1, b"", False),
        (WINDOW, b"", False),
        (0, bytes(WINDOW - 1), True),
        (0, bytes(WINDOW), False),
    ],
)
def test_a_fin_counts_where_it_lies_in_the_window(offset: int, data: bytes, ended: bool) -> None:
    remote = Remote(State.ESTABLISHED)
    assert remote.say(FIN | ACK, seq=offset, data=data) == "ack"
    assert remote.end.eof is ended
    assert remote.end.state is (State.CLOSE_WAIT if ended else State.ESTABLISHED)


@pytest.mark.parametrize(
    ("state", "then"),
    [
        (State.ESTABLISHED, State.CLOSE_WAIT),
        (State.FIN_WAIT_1, State.CLOSING),
        (State.FIN_WAIT_2, State.TIME_WAIT),
    ],
)
def test_a_fin_moves_on_and_is_acknowledged_as_often_as_it_comes(state: State, then: State) -> None:
    remote = Remote(state)
    ack = -1 if state is State.FIN_WAIT_1 else 0
    assert remote.say(FIN | ACK, ack=ack) == "ack"
    assert remote.end.state is then
    for _ in range(2 * CHALLENGES):  # sent again, since our acknowledgements are lost
        assert remote.say(FIN | ACK, ack=ack) == "ack"
    assert remote.end.state is then


@pytest.mark.parametrize("state", SYNCHRONISED)
@pytest.mark.parametrize(
    ("ack", "expected"),
    [(1, "ack"), (2**30, "ack"), (-REMOTE_WINDOW, ""), (-REMOTE_WINDOW - 3, "ack")],
)
def test_an_acknowledgement_of_what_was_never_sent_is_answered_and_ignored(
    state: State, ack: int, expected: str
) -> None:
    remote = Remote(state)
    before = remote.end.send_unacknowledged
    assert remote.say(ACK, ack=ack) == expected
    assert remote.end.send_unacknowledged == before
    assert remote.say(PSH | ACK, ack=ack, data=b"blind") == "ack"
    assert remote.end.read() == (b"blind" if not expected and state in SYNCHRONISED[:3] else b"")


@pytest.mark.parametrize("passive", [False, True])
@pytest.mark.parametrize(("ack", "then"), [(-1, False), (0, True), (1, False)])
def test_only_our_syn_can_be_acknowledged_in_syn_received(passive: bool, ack: int, then: bool) -> None:
    remote = Remote(State.SYN_RECEIVED, passive=passive)
    answer = remote.say(ACK, seq=0, ack=ack)
    number = (remote.end.send_next + ack) % 2**32
    assert answer == ("" if then else str(Segment(number, 0, RST)))
    assert remote.end.state is (State.ESTABLISHED if then else State.SYN_RECEIVED)


@pytest.mark.parametrize("flags", [RST, RST | ACK, SYN])
def test_who_listened_listens_again_after_a_reset_or_another_syn(flags: int) -> None:
    remote = Remote(State.SYN_RECEIVED, passive=True)
    assert remote.say(flags) == ""
    states = [remote.end.state]
    assert remote.end.error is None
    assert remote.end.next_timer is None
    remote.next = 7000
    assert remote.say(SYN, 1) == str(Segment(ISN, 7001, SYN | ACK, WINDOW))
    remote.say(ACK)
    states.append(remote.end.state)
    assert states == [State.LISTEN, State.ESTABLISHED]


def test_who_listens_refuses_acknowledgements_and_ignores_resets() -> None:
    remote = Remote(State.LISTEN, passive=True)
    for flags in (ACK, SYN | ACK, FIN | ACK):
        assert remote.say(flags, ack=5) == str(Segment((ISN + 5) % 2**32, 0, RST))
    for flags in (RST, RST | ACK, RST | SYN, FIN, PSH):
        assert remote.say(flags) == ""
    assert remote.end.state is State.LISTEN


def test_what_is_closed_refuses_everything_but_resets() -> None:
    remote = Remote(State.CLOSED)
    assert remote.say(SYN) == str(Segment(0, IRS + 1, RST | ACK))
    assert remote.say(FIN, data=b"ab") == str(Segment(0, IRS + 3, RST | ACK))
    assert remote.say(ACK, ack=3) == str(Segment((ISN + 3) % 2**32, 0, RST))
    assert remote.say(RST) == remote.say(RST | ACK) == ""


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize("flags", [SYN | ACK, RST | ACK, RST])
def test_a_syn_is_answered_by_what_acknowledges_it(offset: int, flags: int) -> None:
    remote = Remote(State.SYN_SENT)
    number = (remote.end.send_next + offset) % 2**32
    answer = remote.say(flags, ack=offset)
    fits = bool(flags & ACK) and offset == 0
    if flags & RST:
        assert answer == ""
        assert remote.end.state is (State.CLOSED if fits else State.SYN_SENT)
    elif fits:
        assert remote.end.state is State.ESTABLISHED
    else:
        assert answer == str(Segment(number, 0, RST))
        assert remote.end.state is State.SYN_SENT


def test_a_closed_window_lets_acknowledgements_in() -> None:
    remote = Remote(State.ESTABLISHED, window=0)
    remote.end.send(b"question", remote.now)
    remote.end.take()
    assert remote.say(PSH | ACK, data=b"p") == "ack", "a probe"
    assert remote.end.read() == b""
    assert remote.end.all_acknowledged


def test_an_old_acknowledgement_leaves_the_window_alone() -> None:
    remote = Remote(State.ESTABLISHED)
    remote.end.send(b"abc", remote.now)
    remote.say(ACK)
    remote.end.feed(build(THERE, HERE, Segment(remote.next, ISN + 1, ACK | PSH, 5, b"x")), remote.now)
    assert remote.end.send_window == REMOTE_WINDOW
    assert remote.end.read() == b"x"


def test_the_window_is_the_one_that_was_announced() -> None:
    remote = Remote(State.ESTABLISHED, window=100_000)  # more than the field can say
    assert remote.end.receive_window == 0xFFFF
    assert remote.say(ACK, seq=0xFFFF) == "ack"
    remote.now += 1
    assert remote.say(ACK, seq=0xFFFE) == ""


def provocations() -> list[tuple[str, Callable[[Remote], str]]]:
    return [
        ("SYN", lambda remote: remote.say(SYN)),
        ("SYN outside the window", lambda remote: remote.say(SYN, seq=-5)),
        ("RST in the window", lambda remote: remote.say(RST, seq=1)),
        ("data with a wrong ACK", lambda remote: remote.say(ACK | PSH, ack=1, data=b"x")),
    ]


@pytest.mark.parametrize(("name", "provoke"), provocations(), ids=[name for name, _ in provocations()])
def test_challenges_are_limited(name: str, provoke: Callable[[Remote], str]) -> None:
    remote = Remote(State.ESTABLISHED)
    assert [provoke(remote) for _ in range(CHALLENGES + 3)] == ["ack"] * CHALLENGES + [""] * 3
    remote.now += CHALLENGE_SECONDS - 0.01
    assert provoke(remote) == ""
    remote.now += 0.01
    assert [provoke(remote) for _ in range(CHALLENGES + 1)] == ["ack"] * CHALLENGES + [""]
    assert remote.say(PSH | ACK, data=b"goes on") == "ack"


def test_two_ends_that_disagree_fall_silent() -> None:
    remote = Remote(State.ESTABLISHED)
    assert [remote.say(ACK, ack=1) for _ in range(5)] == ["ack", "", "", "", ""]
    remote.now += BARE_SECONDS
    assert [remote.say(ACK, seq=-1) for _ in range(2)] == ["ack", ""]


def test_what_is_sent_again_is_acknowledged_each_time() -> None:
    remote = Remote(State.ESTABLISHED)
    remote.say(PSH | ACK, 3, data=b"abc")
    assert [remote.say(PSH | ACK, seq=-3, data=b"abc") for _ in range(3 * CHALLENGES)] == ["ack"] * (
        3 * CHALLENGES
    )
    assert remote.end.read() == b"abc"
