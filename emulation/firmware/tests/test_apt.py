from __future__ import annotations

import pytest

from emulation.firmware.apt import Archive, archives_of_list, archives_of_sources, reason

MIRROR = "http://mirror.example/debian"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (f"deb {MIRROR} bookworm main", [Archive(MIRROR)]),
        (f"deb {MIRROR} trixie main contrib non-free-firmware", [Archive(MIRROR)]),
        (f"deb-src {MIRROR} stable main", [Archive(MIRROR)]),
        (f"  deb [signed-by={KEYRING} arch=amd64] {MIRROR} sid main # ours", [Archive(MIRROR, KEYRING)]),
        (f"deb [trusted=yes] {MIRROR} trixie main", [Archive(MIRROR, trusted=True)]),
        (f"# deb {MIRROR} trixie main", []),
        (f"deb {MIRROR} trixie-updates main", []),
        ("deb http://mirror.example/debian-security trixie-security main", []),
        (f"deb {MIRROR} trixie contrib", []),
        ("deb http://vendor.example/apt nodistro main", []),
        ("deb http://ubuntu.example/ubuntu jammy main universe", []),
        ("", []),
        ("nonsense", []),
    ],
)
def test_a_line_of_a_list_gives_the_debian_archives_it_names(line: str, found: list[Archive]) -> None:
    assert archives_of_list(line) == found


KEY = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            f"Types: deb\nURIs: {MIRROR}\nSuites: bookworm bookworm-updates\nComponents: main\n"
            f"Signed-By: {KEYRING}\n",
            [Archive(MIRROR, KEYRING)],
        ),
        (
            f"# a comment\nTypes: deb\nURIs: {MIRROR} http://other.example/debian\nSuites: trixie\n"
            "Components: main contrib\n",
            [Archive(MIRROR), Archive("http://other.example/debian")],
        ),
        (f"Enabled: no\nTypes: deb\nURIs: {MIRROR}\nSuites: trixie\nComponents: main\n", []),
        (
            f"types: deb\nuris: {MIRROR}\nsuites: sid\ncomponents: main\ntrusted: yes\n",
            [Archive(MIRROR, "", True)],
        ),
        (f"Types: deb\nURIs: {MIRROR}-security\nSuites: trixie-security\nComponents: main\n", []),
        (
            f"Types: deb\nURIs: {MIRROR}\nSuites: trixie\nComponents: main\nSigned-By:{KEY}\n",
            [Archive(MIRROR, KEY)],
        ),
        ("", []),
    ],
)
def test_a_stanza_gives_the_debian_archives_it_names(text: str, found: list[Archive]) -> None:
    assert archives_of_sources(text) == found


def test_stanzas_are_parted_by_blank_lines() -> None:
    stanza = "Types: deb\nURIs: http://{}.example/debian\nSuites: trixie\nComponents: main\n"
    text = stanza.format("a") + "\n \n" + stanza.format("b")
    assert [a.uri for a in archives_of_sources(text)] == [
        "http://a.example/debian",
        "http://b.example/debian",
    ]


@pytest.mark.parametrize(
    ("archive", "lines"),
    [
        (Archive(MIRROR), []),
        (Archive(MIRROR, KEYRING), [f"Signed-By: {KEYRING}"]),
        (Archive(MIRROR, trusted=True), ["Trusted: yes"]),
    ],
)
def test_an_archive_becomes_a_deb_src_stanza_with_its_trust(archive: Archive, lines: list[str]) -> None:
    expected = ["Types: deb-src", f"URIs: {MIRROR}", "Suites: trixie", "Components: main", *lines]
    assert archive.source_entry("trixie").splitlines() == expected


def test_an_embedded_key_survives_from_stanza_to_stanza() -> None:
    stanza = Archive(MIRROR, KEY).source_entry("trixie")
    assert archives_of_sources(stanza) == [Archive(MIRROR, KEY)]


NO_NETWORK = """\
Ign:1 http://mirror.example/debian trixie InRelease
Err:1 http://mirror.example/debian trixie InRelease
  Could not connect to mirror.example:80
W: Failed to fetch http://mirror.example/debian/dists/trixie/InRelease  Could not connect to mirror.example:80
W: Some index files failed to download. They have been ignored, or old ones used instead.
"""


@pytest.mark.parametrize(
    ("updated", "fetched", "wanted"),
    [
        (NO_NETWORK, "E: You must put some 'deb-src' URIs in your sources.list", "Could not connect"),
        ("Hit:1 x", "E: Unable to find a source package for lwip", "Unable to find a source package"),
        ("E: The repository is not signed.", "E: something else", "not signed"),
        ("", "", "no reason"),
    ],
)
def test_the_reason_is_what_went_wrong_first(updated: str, fetched: str, wanted: str) -> None:
    assert wanted in reason(updated, fetched)
