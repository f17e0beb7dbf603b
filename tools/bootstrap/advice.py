"""What to do about a failed command, told from what it printed."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Order matters: the first match wins, so the cause comes before its consequences.
ADVICE: tuple[tuple[str, str], ...] = (
    (
        r"No space left on device|Disk quota exceeded",
        "the disk is full: make room (set-up needs about 1 GB in build/), then run the command again",
    ),
    (
        r"Could not get lock|Unable to acquire the dpkg frontend lock|Unable to lock directory",
        "another program is installing packages: wait until it has finished and run the command again",
    ),
    (
        r"dpkg was interrupted",
        "an earlier installation was cut short: run `dpkg --configure -a` as root, then the command again",
    ),
    (
        r"Read-only file system",
        "the folder is on a read-only file system: clone the project to a place where you may write",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "a file on pip's index (or in a folder of `find-links`) is not the one that was locked: see "
        "`pip config list` for where pip looks, and find out who puts files there",
    ),
    (
        r"requested \(constraint\)|ResolutionImpossible|conflicting dependencies",
        "a constraint in this machine's pip configuration forbids a locked version: see `pip config list`, "
        "or make a new lock with `make lock`",
    ),
    (
        r"Temporary failure (in name resolution|resolving)|Could not resolve|Name or service not known"
        r"|Network is unreachable|NewConnectionError|Failed to establish a new connection|No route to host"
        r"|Connection (refused|timed out)|Could not connect to|Cannot initiate the connection|ProxyError"
        r"|Read timed out|nodename nor servname",
        "there is no way to the package servers: check the network (and the proxy settings of apt and pip), "
        "then run the command again; steps that are done are not repeated",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|Certificate verification failed",
        "the package server's certificate is not trusted: install ca-certificates, or give pip your own with "
        "the setting `cert`",
    ),
    (
        r"Unable to locate package|has no installation candidate",
        "apt does not know the package: check the suites and components in the system's apt sources",
    ),
    (
        r"No matching distribution found|Could not find a version that satisfies",
        "pip's index does not have a locked version for this Python: see `pip config list` for where it "
        "looks, or make a new lock with `make lock`",
    ),
    (
        r"ensurepip is not available|No module named ensurepip|No module named venv",
        "this Python cannot make virtual environments: install the package python3-venv",
    ),
    (
        r"Permission denied|are you root\?",
        "something may not be written: run the command as the owner of this folder (or remove build/, if "
        "another user made it)",
    ),
)


def advice_for(lines: Iterable[str]) -> str:
    """The advice for the first known cause found in `lines`, or an empty string."""
    text = "\n".join(lines)
    return next((advice for pattern, advice in ADVICE if re.search(pattern, text)), "")
