"""A live board: the emulated board, reachable from the host's own programs while it runs in real time.

    with Board.boot() as board, LiveBoard(board) as live:
        board.uart.wait_for("listening")
        port = await Relay(live).listen(0, 8080)
        await live.run()

- `pacer`: how far virtual time may go at any moment of the wall clock
- `live_board`: runs the board from an asyncio loop, in short slices
- `relay`: TCP connections of the host, each carried on by one to the board
- `events`: what happens, for whoever wants to watch: frames, console, connections
"""

from bench.live.events import ConnectionEvent, Event, Feed, FrameEvent, UartEvent
from bench.live.live_board import LiveBoard
from bench.live.pacer import Pacer
from bench.live.relay import Relay

__all__ = [
    "ConnectionEvent",
    "Event",
    "Feed",
    "FrameEvent",
    "LiveBoard",
    "Pacer",
    "Relay",
    "UartEvent",
]
