"""Listening on the host, and what can be wrong with that."""

from __future__ import annotations

import errno
import os
import socket

from emulation.errors import UserError

LOOPBACK = "127.0.0.1"


def listen_error(host: str, port: int, error: OSError) -> UserError:
    """What is wrong with a port of the host, and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return UserError(f"port {port} of {host} is in use", "name another one, or 0 for any that is free")
    own = error.errno and not isinstance(error, socket.gaierror)
    reason = os.strerror(error.errno or 0) if own else error.strerror
    return UserError(
        f"cannot listen on {host} port {port}: {reason}",
        "name an address of this machine and a port that you may use",
    )
