"""A live board: the emulated board, reachable from the host's own programs while it runs in real time.

    with Board.boot() as board, LiveBoard(board) as live:
        board.uart.wait_for("listening")
        port = await Relay(live).listen(0, 8080)
        await live.run()

- `pacer`: how far virtual time may go at any moment of the wall clock
- `live_board`: runs the board from an asyncio loop, in short slices
- `host`: the bench's own station, whose connections are whose
- `listening`: accepts connections of the host as long as there is room for them
- `relay`: TCP connections of the host, each carried on by one to the board
- `events`: what happens, for whoever wants to watch: frames, console, connections
- `tap_device`, `tap_bridge`: a network interface of the host on the board's segment
- `web_console`: a page for browsers that shows all of it and works the board (`page/`)
"""

from bench.live.events import ConnectionEvent, Event, Feed, FrameEvent, NoteEvent, ResetEvent, UartEvent
from bench.live.live_board import LiveBoard
from bench.live.pacer import Pacer
from bench.live.relay import Relay
from bench.live.tap_bridge import TapBridge
from bench.live.tap_device import TapDevice
from bench.live.web_console import About, WebConsole

__all__ = [
    "About",
    "ConnectionEvent",
    "Event",
    "Feed",
    "FrameEvent",
    "LiveBoard",
    "NoteEvent",
    "Pacer",
    "Relay",
    "ResetEvent",
    "TapBridge",
    "TapDevice",
    "UartEvent",
    "WebConsole",
]
