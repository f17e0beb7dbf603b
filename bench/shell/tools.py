"""The names that a shell begins with: the board, its wire, helpers, and all of Scapy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import scapy.all

import bench.expectations
from bench.board import Board
from bench.cli.frame_line import frame_line
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.peer import Peer
from bench.robot.session import Session

ECHO_PORT = 8080
"""Where the project's own firmware echoes."""


class Tools:
    """The helpers of a shell; their names there are those of the methods."""

    def __init__(self, running: Session) -> None:
        self._running = running
        self._told = 0

    def peer(
        self, port: int = ECHO_PORT, path: str | None = "/", protocols: Sequence[str] = (), **options: Any
    ) -> Peer:
        """A client that is connected and has upgraded to WebSocket; `path=None`: only connected.

        `options` are those of `Peer`, for example `ipv6=True`. Raises PeerError, GuestFault.
        """
        client = Peer(self._running.board.wire, port=port, **options).connect()
        if path is not None:
            client.upgrade(path, protocols)
        return client

    def reset(self) -> Board:
        """Put the board back to where it was when the shell began; connections and the capture are gone."""
        self._told = 0
        return self._running.restart()

    def frames(self) -> None:
        """Print the frames that have crossed the wire since this was last asked."""
        for frame in self._running.capture.since(self._told):
            print(frame_line(frame.time, frame.data, frame.direction))
        self._told = self._running.capture.mark()

    def save(self, file: str | Path) -> Path:
        """Write the frames since boot or `reset()` as pcapng. Raises UserError."""
        return self._running.capture.write(Path(file), f"bench shell; {self._running.board.origin}")


def namespace(running: Session) -> dict[str, Any]:
    """All names: Scapy's own, of which those that send and receive do so on the wire, and ours."""
    names = {name: value for name, value in vars(scapy.all).items() if not name.startswith("_")}
    names |= {name: getattr(bench.expectations, name) for name in EXPECTATIONS}
    tools, board = Tools(running), running.board
    return names | {
        "__name__": "__main__",
        "__builtins__": __builtins__,
        "board": board,
        "wire": board.wire,
        "uart": board.uart,
        "clock": board.clock,
        "run": board.run,
        "peer": tools.peer,
        "reset": tools.reset,
        "frames": tools.frames,
        "save": tools.save,
        "Peer": Peer,
        "WebSocket": WebSocket,
        "WebSocketClose": WebSocketClose,
        "send": board.wire.send,
        "sendp": board.wire.send,
        "sr": board.wire.sr,
        "srp": board.wire.srp,
        "sr1": board.wire.sr1,
        "srp1": board.wire.srp1,
        "sniff": board.wire.sniff,
    }


EXPECTATIONS = ("Close", "Data", "End", "Frame", "Message", "Ping", "Pong", "Reset", "Response", "Silence")
"""What `peer.expect` takes, from `bench.expectations`."""
