"""The words of TCP: connection states, acknowledgement policies, and how a connection can fail (RFC 9293)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from bench.layers.tcpip import Segment


class State(enum.Enum):
    """RFC 9293, section 3.3.2."""

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"


class AckPolicy(enum.Enum):
    """When received data is acknowledged without data of our own to carry the acknowledgement."""

    IMMEDIATE = "immediate"
    """Each segment, at once."""
    DELAYED = "delayed"
    """Every second segment, or after `ack_delay` (RFC 9293, section 3.8.6.3)."""
    MANUAL = "manual"
    """Only by `acknowledge`: a peer that stays silent."""


class TcpError(Exception):
    """The connection failed."""


class TcpRefusedError(TcpError):
    """The remote end answered the SYN with RST."""


class TcpResetError(TcpError):
    """The remote end sent RST."""


class TcpTimeoutError(TcpError):
    """The remote end no longer acknowledges."""


@dataclass(frozen=True)
class Record:
    """A segment that crossed, in either direction; `frame` is the Ethernet frame that carried it.

    A `lost` one crossed the wire, but did not reach this end (`TcpEndpoint.lose`).
    """

    time: float
    sent: bool
    segment: Segment
    frame: bytes
    lost: bool = False

    def __deepcopy__(self, memo: dict[int, Any]) -> Record:
        # Nothing in it ever changes, and snapshots of a connection copy its whole history.
        return self
