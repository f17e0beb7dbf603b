"""Debian source packages for any user: apt with lists and caches of its own, beside the system's.

apt knows mirrors, proxies and keys; nothing of that is repeated here. The system's own entries for the
Debian archive are turned into `deb-src` entries of the suite wanted, in deb822 form, and given to apt in a
private sources list.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from emulation.errors import UserError

SUITES = frozenset(
    {
        *("bullseye", "bookworm", "trixie", "forky", "duke", "sid"),
        *("oldoldstable", "oldstable", "stable", "testing", "unstable"),
    }
)
"""Suites of the Debian archive proper; others (`trixie-security`, `jammy`, vendors' own) lack our sources."""

OWN_TREES = "set MICROPYTHON_DIR (1.25) and LWIP_DIR (2.2) to source trees of your own"

TIMEOUT = 900.0
"""Seconds after which apt is ended."""

_ONE_LINE = re.compile(
    r"^\s*deb(?:-src)?\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<rest>.*)$"
)


@dataclass(frozen=True)
class Archive:
    """A mirror of the Debian archive, and how apt knows that it is genuine."""

    uri: str
    signed_by: str = ""
    """A path or a fingerprint, or a whole key in deb822's indented form; empty: apt's global keys."""
    trusted: bool = False

    def source_entry(self, suite: str) -> str:
        """A deb822 stanza for the source packages of `suite`."""
        lines = ["Types: deb-src", f"URIs: {self.uri}", f"Suites: {suite}", "Components: main"]
        if self.signed_by:
            lines.append(f"Signed-By:{'' if self.signed_by.startswith(chr(10)) else ' '}{self.signed_by}")
        if self.trusted:
            lines.append("Trusted: yes")
        return "\n".join(lines) + "\n"


def archives_of_list(text: str) -> list[Archive]:
    """Debian archives in the one-line style (`sources.list`, `*.list`)."""
    found = []
    for line in text.splitlines():
        match = _ONE_LINE.match(line.split("#", 1)[0])
        if not match or match["suite"] not in SUITES or "main" not in match["rest"].split():
            continue
        options = dict(o.split("=", 1) for o in (match["options"] or "").split() if "=" in o)
        found.append(
            Archive(match["uri"], options.get("signed-by", ""), options.get("trusted", "").lower() == "yes")
        )
    return found


def archives_of_sources(text: str) -> list[Archive]:
    """Debian archives in the deb822 style (`*.sources`)."""
    found = []
    for stanza in re.split(r"\n[ \t]*\n", _without_comments(text)):
        fields = _fields(stanza)
        if fields.get("enabled", "yes").strip().lower() in ("no", "false", "0"):
            continue
        if not SUITES.intersection(fields.get("suites", "").split()):
            continue
        if "main" not in fields.get("components", "").split():
            continue
        trusted = fields.get("trusted", "").strip().lower() == "yes"
        signed_by = fields.get("signed-by", "")
        signed_by = signed_by if "\n" in signed_by else signed_by.strip()
        found += [Archive(uri, signed_by, trusted) for uri in fields.get("uris", "").split()]
    return found


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def _fields(stanza: str) -> dict[str, str]:
    """Fields by lower-case name; continuation lines stay as they are, newline first."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1] in (" ", "\t"):
            if name:
                fields[name] += "\n" + line
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def system_archives() -> list[Archive]:
    """What the system's own apt configuration says, without repetitions. Raises UserError if it has none."""
    paths = _configuration()
    found: list[Archive] = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found += archives_of_sources(text) if path.suffix == ".sources" else archives_of_list(text)
    if not found:
        raise UserError(
            "apt's configuration names no Debian archive to fetch the firmware's sources from",
            f"add one (Debian: `apt edit-sources`), or {OWN_TREES}",
        )
    return list(dict.fromkeys(found))


def _configuration() -> Iterable[Path]:
    if not shutil.which("apt-get"):
        raise UserError(
            "this system has no apt-get to fetch the firmware's sources with",
            OWN_TREES,
        )
    words = ["apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"]
    shown = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    places = dict(re.findall(r"^(\w+)='(.*)'$", shown, flags=re.MULTILINE))
    parts = Path(places.get("PARTS", "/etc/apt/sources.list.d"))
    yield Path(places.get("LIST", "/etc/apt/sources.list"))
    if parts.is_dir():
        yield from sorted(p for p in parts.iterdir() if p.suffix in (".list", ".sources"))


def download(
    package: str, version: str, into: Path, state: Path, archives: list[Archive], suite: str
) -> None:
    """Put the files of a source package into `into`. `state` keeps apt's lists between calls.

    Raises UserError: no network, no such version, a signature apt does not accept.
    """
    for folder in (state / "lists" / "partial", state / "cache" / "archives" / "partial", into):
        folder.mkdir(parents=True, exist_ok=True)
    sources = state / "debian.sources"
    entries = "\n".join(archive.source_entry(suite) for archive in archives)
    options = [
        *("-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null"),
        *("-o", f"Dir::State::lists={state / 'lists'}", "-o", f"Dir::Cache={state / 'cache'}"),
        # The sandbox user cannot write below a private folder; everything is verified all the same.
        *("-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none", "-o", "Acquire::Retries=2"),
        *("-o", "Acquire::http::Timeout=30", "-o", "Acquire::https::Timeout=30"),
    ]
    fetch = ["apt-get", "-q", *options, "source", "--download-only", f"{package}={version}"]
    if sources.is_file() and sources.read_text() == entries:
        if _apt(fetch, into).returncode == 0:
            return
    else:
        sources.write_text(entries)
    updated = _apt(["apt-get", "-q", *options, "update"], into).stdout
    fetched = _apt(fetch, into)
    if fetched.returncode:
        raise UserError(
            f"could not fetch the source package {package} {version}: {reason(updated, fetched.stdout)}",
            f"check the network (and apt's proxy), or {OWN_TREES}",
        )


def _apt(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            words,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{words[0]} did not finish within {TIMEOUT:.0f} s", "check the network and apt's proxy"
        ) from None


def reason(*outputs: str) -> str:
    """The line of apt's outputs that says most; what an earlier command said comes first."""
    for output in outputs:
        for mark in ("E: ", "W: Failed to fetch ", "Err:"):
            for line in output.splitlines():
                if line.startswith(mark):
                    return line.removeprefix("E: ").removeprefix("W: ").strip()
    return "apt-get gave no reason"
