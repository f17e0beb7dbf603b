"""The board's TCP connections as its own stack, lwIP, holds them: read from the guest's memory.

What a test concludes from segments can be checked against what the stack believes. Nothing of the guest is
disturbed; lists are found by symbol, fields by the firmware's debug information.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.board import Board
from bench.layers.tcp_state import State
from bench.layers.tcpip import Endpoint
from bench.tcp_peer import TcpPeer
from emulation.dwarf import Structure, debug_info
from emulation.errors import UserError

UNIT = "core/tcp.c"
"""The source file whose view of the structures is taken."""

LISTS = {
    "tcp_listen_pcbs": "tcp_pcb_listen",
    "tcp_bound_pcbs": "tcp_pcb",
    "tcp_active_pcbs": "tcp_pcb",
    "tcp_tw_pcbs": "tcp_pcb",
}
"""lwIP's lists of protocol control blocks, and the structure in each (lwip/priv/tcp_priv.h)."""

STATES = {
    "CLOSED": State.CLOSED,
    "LISTEN": State.LISTEN,
    "SYN_SENT": State.SYN_SENT,
    "SYN_RCVD": State.SYN_RECEIVED,
    "ESTABLISHED": State.ESTABLISHED,
    "FIN_WAIT_1": State.FIN_WAIT_1,
    "FIN_WAIT_2": State.FIN_WAIT_2,
    "CLOSE_WAIT": State.CLOSE_WAIT,
    "CLOSING": State.CLOSING,
    "LAST_ACK": State.LAST_ACK,
    "TIME_WAIT": State.TIME_WAIT,
}
"""lwIP's names of the states (`enum tcp_state`)."""

NUMBERS = (
    "snd_nxt",
    "lastack",
    "rcv_nxt",
    "rcv_wnd",
    "snd_wnd",
)
"""lwIP's names of what `Connection` has beside the state, and the two ends, in its order."""

MANY = 1000
"""More than any firmware has memory for: a list this long is a ring or no list."""


@dataclass(frozen=True)
class Connection:
    """A protocol control block; a listening one has no remote end and no numbers."""

    state: State
    local_ip: bytes
    """4 bytes for IPv4, 16 for IPv6, as `bench.layers.tcpip.Endpoint` has it."""
    local_port: int
    remote_ip: bytes = b""
    remote_port: int = 0
    send_next: int = 0
    """Sequence number (`snd_nxt`)."""
    unacknowledged: int = 0
    """First sequence number that is not acknowledged (`lastack`)."""
    receive_next: int = 0
    """Sequence number (`rcv_nxt`)."""
    receive_window: int = 0
    """Bytes (`rcv_wnd`)."""
    send_window: int = 0
    """Bytes (`snd_wnd`)."""

    def __str__(self) -> str:
        remote = f" with {Endpoint(b'', self.remote_ip, self.remote_port)}" if self.remote_port else ""
        return f"{self.state.value} on port {self.local_port}{remote}"


def connections(board: Board) -> list[Connection]:
    """Every connection of the board, listening ones first.

    Raises UserError for a firmware without lwIP or without debug information.
    """
    if board.firmware is None:
        raise UserError("this board runs no firmware that can be looked into", "boot it with Board.boot()")
    info = debug_info(board.firmware)
    names = info.enumeration("tcp_state", UNIT)
    found = []
    for symbol, structure in LISTS.items():
        try:
            head = board.symbol(symbol)
        except KeyError:
            raise UserError(f"the firmware has no {symbol}", "use one with lwIP, not stripped") from None
        layout = info.structure(structure, UNIT)
        for data in _walk(board, head, layout):
            state = STATES[names[layout.read(data, "state")]]
            local = _address(data, layout, "local_ip"), layout.read(data, "local_port")
            if state is State.LISTEN:
                found.append(Connection(state, *local))
                continue
            remote = _address(data, layout, "remote_ip"), layout.read(data, "remote_port")
            numbers = (layout.read(data, name) for name in NUMBERS)
            found.append(Connection(state, *local, *remote, *numbers))
    return found


def state_of(board: Board, peer: TcpPeer) -> State:
    """The state of the board's end of a peer's connection.

    Without a connection it is LISTEN on a port with a listener, CLOSED on others. Raises UserError.
    """
    found = connection_of(board, peer)
    return State.CLOSED if found is None else found.state


def connection_of(board: Board, peer: TcpPeer) -> Connection | None:
    """The board's end of a peer's connection, else the listener it would reach, else None."""
    local, remote = peer.tcp.remote.port, peer.tcp.local.port
    listener = None
    for connection in connections(board):
        if connection.local_port == local:
            if connection.remote_port == remote:
                return connection
            if connection.state is State.LISTEN:
                listener = connection
    return listener


def _address(data: bytes, layout: Structure, name: str) -> bytes:
    """An address of either family (`ip_addr_t`)."""
    offset = layout.members[name].offset
    is_ipv4 = layout.read(data, f"{name}.type") == 0  # IPADDR_TYPE_V4
    return data[offset : offset + (4 if is_ipv4 else 16)]


def _walk(board: Board, head: int, layout: Structure) -> Iterator[bytes]:
    """The bytes of every structure of a list, whose first address stands at `head`."""
    address = int.from_bytes(board.read_memory(head, 4), "little")
    for _ in range(MANY):
        if not address:
            return
        data = board.read_memory(address, layout.size)
        yield data
        address = layout.read(data, "next")
    raise UserError(f"the list at 0x{head:08x} has no end", "check the guest with `board.health`")
