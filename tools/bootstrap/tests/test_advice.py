"""A failed command's output leads to advice that names the cause."""

from __future__ import annotations

import pytest

from tools.bootstrap.advice import advice_for

# What the programs really print.
SEEN = {
    "no way to the package servers": (
        "Temporary failure resolving 'mirror.example'",
        "WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError("
        "'<pip._vendor.urllib3.connection.HTTPSConnection object>: Failed to establish a new connection: "
        "[Errno -3] Temporary failure in name resolution')': /simple/click/\n"
        "ERROR: No matching distribution found for click==8.5.1",
        "Cannot initiate the connection to mirror.example:80 (2001:db8::80). - connect (101: "
        "Network is unreachable)",
    ),
    "disk is full": (
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    ),
    "not the one that was locked": (
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the "
        "package versions, please update the hashes. Otherwise, examine the package contents carefully",
    ),
    "another program is installing": (
        "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4242 (unattended-upgr)",
    ),
    "cut short": (
        "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.",
    ),
    "constraint": (
        "The conflict is caused by:\n    The user requested click==8.5.1\n"
        "    The user requested (constraint) click<8",
    ),
    "index does not have": (
        "ERROR: Could not find a version that satisfies the requirement click==99 (from versions: 8.1.0)",
    ),
    "apt does not know": ("E: Unable to locate package tshark",),
    "python3-venv": (
        "The virtual environment was not created successfully because ensurepip is not available.",
    ),
    "may not be written": ("PermissionError: [Errno 13] Permission denied: 'build/venv'",),
    "read-only": ("OSError: [Errno 30] Read-only file system: 'build'",),
}


@pytest.mark.parametrize(
    ("words", "output"), [(words, output) for words, outputs in SEEN.items() for output in outputs]
)
def test_known_causes_are_named(words: str, output: str) -> None:
    assert words in advice_for(output.splitlines())


def test_a_full_disk_is_named_before_what_follows_from_it() -> None:
    assert "disk is full" in advice_for(["Permission denied", "No space left on device"])


def test_an_unknown_failure_gets_no_guess() -> None:
    assert advice_for(["Segmentation fault"]) == ""
