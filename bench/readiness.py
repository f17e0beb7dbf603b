"""When can tests begin? When the firmware says so, or else when it has had time and something of it is there.

The project's firmware prints that its servers are listening, another one may print something else (`ready`).
Of a firmware that says nothing of the kind, the bench waits out the time it has for booting; then something
has to be there: output on the console, or an answer to ARP. The MAC address of such a board is asked for on
the wire unless the user has named it.
"""

from __future__ import annotations

import contextlib
import re

from bench.addresses import BOARD, with_mac
from bench.board import Board
from bench.capabilities import SERVER_LINE, ask_mac
from emulation.errors import UserError

BOOT_TIMEOUT = 10.0
"""Virtual seconds a firmware gets to boot."""
LISTENING = "listening"
"""What is waited for where the user says nothing."""
REST_OF_LINE = 0.1
"""Virtual seconds."""


def wanted_line(ready: str | None, firmware: object) -> str | None:
    """What `await_ready` has to wait for: the default firmware (None) always has to say that it listens."""
    return LISTENING if ready is None and firmware is None else ready


def await_ready(board: Board, ready: str | re.Pattern[str] | None = None) -> list[str]:
    """Run a board from reset until tests can begin; returns what its user should know, a line for each.

    Tests begin after the whole line, not in the middle of printing it. Raises UserError for a firmware that
    does not print `ready` in time or of which nothing is there, GuestFault.
    """
    try:
        end = board.uart.wait_for(LISTENING if ready is None else ready, timeout=BOOT_TIMEOUT).end()
        with contextlib.suppress(TimeoutError):
            board.uart.wait_for("\n", timeout=REST_OF_LINE, after=end)
    except TimeoutError as error:
        board.health.check()  # a traceback tells more
        if ready is not None:
            raise UserError(
                f"the firmware does not get ready: {error}",
                "say with --ready what it prints when it is, or mend the firmware",
            ) from None
    if SERVER_LINE.search(board.uart.text):
        return []
    return meet(board)


def meet(board: Board) -> list[str]:
    """Learn the MAC address of a firmware that is not the project's own.

    Returns what its user should know, a line for each. Raises UserError if nothing of it is there.
    """
    notes = []
    state, capture = board.snapshot(), board.wire.capture
    board.wire.capture = None
    mac = ask_mac(board)
    board.restore(state)
    board.wire.capture = capture
    if mac is None:
        if not board.uart.text:
            raise UserError(
                f"the firmware does not get ready: within {BOOT_TIMEOUT:g} virtual seconds it has printed "
                f"nothing, and nobody answers ARP for {board.ip}",
                "check that its console is the UART of the platform file, or name its address with --ip",
            )
        notes.append(
            f"nobody answers ARP for {board.ip}: if the board has another address, name it with --ip"
        )
    elif board.mac == BOARD.mac != mac:
        board.meet(with_mac(board.station, mac))
        notes.append(f"the board's MAC address is {mac}")
    elif mac != board.mac:
        notes.append(f"the board answers ARP with the MAC address {mac}, not with {board.mac}")
    return notes
