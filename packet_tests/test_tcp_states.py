"""Every state of a connection that the board can be held in (RFC 9293, section 3.3.2)."""

from __future__ import annotations

import pytest

from bench import Board, Wire
from bench.layers.tcp_state import State
from bench.lwip import connection_of, connections, state_of
from bench.tcp_states import LIFETIME, REACHABLE, reach

HELD = [state for state in REACHABLE if state is not State.CLOSED]


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("state", HELD, ids=lambda state: state.value)
def test_the_board_is_in_the_state_asked_for_and_stays_there(
    board: Board, wire: Wire, state: State, ipv6: bool
) -> None:
    with reach(wire, state.value, ipv6=ipv6) as peer:
        assert state_of(board, peer) is state
        wire.run(3.0)
        assert state_of(board, peer) is state


@pytest.mark.parametrize("state", [s for s in LIFETIME if LIFETIME[s] < 400], ids=lambda state: state.value)
def test_the_board_leaves_a_state_in_its_time(board: Board, wire: Wire, state: State) -> None:
    peer = reach(wire, state)
    wire.run(LIFETIME[state] - 1.0)
    assert state_of(board, peer) is state
    wire.run(1.6)
    assert state_of(board, peer) is not state


def test_a_reset_connection_is_gone(board: Board, wire: Wire) -> None:
    peer = reach(wire, State.CLOSED)
    assert all(c.remote_port != peer.tcp.local.port for c in connections(board))


def test_the_states_cover_all_but_that_of_a_client() -> None:
    assert set(REACHABLE) == set(State) - {State.SYN_SENT}


def test_a_state_of_clients_is_refused(wire: Wire) -> None:
    with pytest.raises(ValueError, match="its servers open no connections"):
        reach(wire, "SYN-SENT")


def test_the_three_servers_listen_and_nothing_else(board: Board) -> None:
    found = connections(board)
    assert {c.local_port for c in found if c.state is State.LISTEN} == {8080, 8081, 8082}
    assert all(c.state is State.LISTEN for c in found)


@pytest.mark.parametrize(
    "state", [s for s in HELD if s is not State.LISTEN and s is not State.SYN_RECEIVED], ids=lambda s: s.value
)
def test_both_ends_agree_on_the_numbers(board: Board, wire: Wire, state: State) -> None:
    peer = reach(wire, state)
    theirs = connection_of(board, peer)
    assert theirs is not None
    assert theirs.receive_next == peer.tcp.send_next
    assert theirs.unacknowledged == peer.tcp.acknowledged
    assert theirs.send_next == peer.tcp.receive_next
