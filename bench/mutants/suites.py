"""A defect for each Robot suite which that suite notices: a suite that notices none proves nothing."""

from __future__ import annotations

WITNESSES = {
    "backlog_and_clients": "backlog-ignored",
    "board": "connection-leak",
    "catalogue": "checksum-ip",
    "closing_handshake": "close-code-not-checked",
    "fragmentation": "continuation-of-nothing",
    "ip_robustness": "checksum-icmp",
    "masking": "unmasked-accepted",
    "opening_handshake": "method-ignored",
    "payload_limits": "limit-too-high",
    "performance": "interrupt-edge-lost",
    "ping_pong": "pong-truncated",
    "sub_protocols": "accept-handler-ignored",
    "tcp_robustness": "no-window-probe",
    "timeouts": "no-ping-timeout",
    "utf8": "utf8-surrogate",
    "zephyr_js_api": "client-not-tracked",
}
"""The name of a mutant by that of the suite."""
