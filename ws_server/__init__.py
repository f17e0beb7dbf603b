"""WebSocket server: the `ws` API of Zephyr.js in Python, for CPython 3.11+ and MicroPython 1.25."""

from .connection import WebSocketConnection
from .errors import BacklogFullError, HandshakeError, NotOpenError, ProtocolError, WebSocketError
from .server import WebSocketServer

__all__ = [
    "BacklogFullError",
    "HandshakeError",
    "NotOpenError",
    "ProtocolError",
    "WebSocketConnection",
    "WebSocketError",
    "WebSocketServer",
]
