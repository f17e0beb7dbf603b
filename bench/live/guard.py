"""Who may use the web console: a browser whose page came from the console itself.

A page of another site may open a WebSocket to this machine (the same-origin policy does not cover it), and
its name may be made to point to this machine (DNS rebinding). The first shows in `Origin`, the second in
`Host`: a rebound name is a name, whereas this machine is addressed by number or as `localhost`.
"""

from __future__ import annotations

import ipaddress
import re

_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?")


def refuse_host(host: str | None) -> str:
    """Why a request with this `Host` is refused; empty for a good one."""
    found = _AUTHORITY.fullmatch(host or "")
    if found is None:
        return "the request has no valid Host header"
    name = found["host"].strip("[]").lower()
    if name == "localhost":
        return ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return f"the console is reached by its address or as localhost, not as {name!r}"
    return ""


def refuse_origin(origin: str | None, host: str) -> str:
    """Why a WebSocket with this `Origin` is refused by the server called `host`; empty for a good one."""
    if origin is None or origin.lower() != f"http://{host.lower()}":
        return f"the page is from {origin or 'nowhere'}, not from http://{host}"
    return ""


def content_security_policy(host: str) -> str:
    """The policy of the page: nothing from elsewhere, nothing inline, in nobody's frame.

    `ws:` is named since not every browser takes it for a part of 'self'.
    """
    return (
        f"default-src 'self'; connect-src 'self' ws://{host}; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'"
    )
