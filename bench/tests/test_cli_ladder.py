from __future__ import annotations

import gzip
import struct
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Raw
from scapy.utils import wrpcap, wrpcapng

from bench.capture import Capture
from bench.cli import main
from bench.layers.websocket import WebSocket

A, B, C = "192.0.2.7", "192.0.2.9", "192.0.2.11"
MAC_A, MAC_B, MAC_C = "02:00:00:00:00:07", "02:00:00:00:00:09", "02:00:00:00:00:0b"
TO_B, TO_A = Ether(src=MAC_A, dst=MAC_B) / IP(src=A, dst=B), Ether(src=MAC_B, dst=MAC_A) / IP(src=B, dst=A)
FRAMES = [
    Ether(src=MAC_A, dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc=MAC_A, psrc=A, pdst=B),
    Ether(src=MAC_B, dst=MAC_A) / ARP(op=2, hwsrc=MAC_B, psrc=B, hwdst=MAC_A, pdst=A),
    Ether(src=MAC_C, dst=MAC_A) / IP(src=C, dst=A) / ICMP(),
    TO_B / TCP(sport=5, dport=80, flags="PA", seq=9) / Raw(b"GET /x HTTP/1.1\r\n\r\n"),
    TO_A / TCP(sport=80, dport=5, flags="PA") / WebSocket(opcode="text") / b"hello",
    TO_B / ICMP(),
]


def ladder(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["ladder", *map(str, arguments)], catch_exceptions=False)


def words(path: Path) -> list[str]:
    root = ElementTree.parse(path).getroot()
    return [text.text or "" for text in root.iter("{http://www.w3.org/2000/svg}text")]


def refused(*arguments: str | Path) -> str:
    result = ladder(*arguments)
    assert result.exit_code == 2, result.output
    assert len(result.stderr.splitlines()) == 2
    return result.stderr


@pytest.mark.parametrize("write", [wrpcap, wrpcapng], ids=["pcap", "pcapng"])
def test_the_two_busiest_ends_of_another_tools_capture_are_drawn(tmp_path: Path, write: Any) -> None:
    path, out = tmp_path / "other", tmp_path / "out.svg"
    write(str(path), FRAMES)
    result = ladder(path, "-o", out)
    assert result.exit_code == 0, result.output
    assert f"5 of 6 frames, {A} and {B}" in result.output
    drawn = words(out)
    assert [w for w in drawn if w in (A, B)] == [A, B]
    for text in ("GET /x HTTP/1.1", "WebSocket text [FIN] b'hello'"):
        assert text in drawn
    assert sum(word.startswith("ARP who has") for word in drawn) == 1
    # Numbers are the capture's: the third frame is of another station.
    assert [word for word in drawn if word.isdigit()] == ["1", "2", "4", "5", "6"]
    assert any("1 frames of other stations" in word for word in drawn)


@pytest.mark.parametrize("ends", [f"{C},{A}", f"{MAC_C.upper()},{MAC_A}"])
def test_ends_can_be_chosen(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "other.pcap"
    wrpcap(str(path), FRAMES)
    assert "frames, " in ladder(path, "--ends", ends).output
    assert any("echo-request" in word for word in words(tmp_path / "other.svg"))


def test_ipv6_and_links_without_ethernet_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "raw.pcap"
    wrpcap(str(path), [IPv6(src="2001:db8::7", dst="2001:db8::9") / ICMPv6EchoRequest()], linktype=101)
    assert ladder(path).exit_code == 0
    assert any("Echo Request" in word for word in words(tmp_path / "raw.svg"))


def test_our_own_captures_keep_their_comments(tmp_path: Path) -> None:
    capture = Capture()
    capture.add(1.0, bytes(FRAMES[3]), "to-board", "a remark")
    path = capture.write(tmp_path / "own.pcapng")
    assert ladder(path).exit_code == 0
    assert "a remark" in (tmp_path / "own.svg").read_text()


@pytest.mark.parametrize("write", [wrpcap, wrpcapng], ids=["pcap", "pcapng"])
def test_a_capture_cut_off_anywhere_is_refused_or_whole_and_leaves_nothing(
    tmp_path: Path, write: Any
) -> None:
    path, out = tmp_path / "cut", tmp_path / "out.svg"
    write(str(path), FRAMES[3:5])
    whole = path.read_bytes()
    accepted = []
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        result = ladder(path, "-o", out)
        if result.exit_code == 0:
            accepted.append(size)  # between two packets
            out.unlink()
            continue
        assert str(path) in result.stderr or "no frames" in result.stderr
        assert sorted(tmp_path.iterdir()) == [path]
    assert len(accepted) == 1


def test_what_is_no_capture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("this is not a capture at all, but a text of some length")
    assert "magic number" in refused(path)
    path.write_bytes(b"")
    assert "it is empty" in refused(path)
    assert "cannot read" in refused(tmp_path / "missing.pcap")
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
    assert "no frames" in refused(path)
    path.write_bytes(struct.pack("<IHHiIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147, 0, 0, 1, 1) + b"x")
    assert "link type 147" in refused(path)


def test_ends_that_are_not_there_are_refused_with_those_that_are(tmp_path: Path) -> None:
    path = tmp_path / "other.pcap"
    wrpcap(str(path), FRAMES)
    assert A in refused(path, "--ends", f"{A},192.0.2.99")
    assert "comma" in refused(path, "--ends", A)
    assert "no address" in refused(path, "--ends", "here,there")
    assert "same" in refused(path, "--ends", f"{A},{A}")
    assert "-o" in refused(path, "-o", "/proc/none/out.svg")


def test_a_part_of_a_capture_is_drawn_under_the_numbers_it_has_there(tmp_path: Path) -> None:
    path = tmp_path / "long.pcap"
    wrpcap(str(path), [TO_B / ICMP(seq=n) for n in range(1000)])
    result = ladder(path, "--frames", "500-502")
    assert result.output.startswith("3 of 1000 frames")
    assert [word for word in words(path.with_suffix(".svg")) if word.isdecimal()] == ["500", "501", "502"]
    assert ladder(path, "--frames", "999-").output.startswith("2 of")
    assert ladder(path, "--frames", "7").output.startswith("1 of")
    assert "from 1 to 1000" in refused(path, "--frames", "2000-3000")
    assert "--frames 100-220" in refused(path, "--frames", "the last")


def test_too_many_frames_are_refused_before_they_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.pcap"
    wrpcap(str(path), [TO_B / ICMP(seq=n) for n in range(1200)])
    monkeypatch.setattr("bench.cli.ladder.MOST", 1199)
    assert "--frames 1-1000" in refused(path)
    assert ladder(path, "--frames", "2-").exit_code == 0


def test_ten_thousand_frames_become_a_picture_that_says_what_it_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "long.pcap"
    wrpcap(str(path), [TO_B / ICMP(seq=n) for n in range(10_000)])
    assert ladder(path).output.startswith("10000 of 10000 frames")
    said = words(path.with_suffix(".svg"))
    assert any("9 882 frames not drawn; all are in the capture" in word for word in said)
    assert len(path.with_suffix(".svg").read_text()) < 200_000


def test_long_names_of_ends_do_not_overlap(tmp_path: Path) -> None:
    path = tmp_path / "v6.pcap"
    ends = "2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"
    wrpcap(str(path), [Ether(src=MAC_A, dst=MAC_B) / IPv6(src=ends[0], dst=ends[1]) / ICMPv6EchoRequest()])
    ladder(path)
    root = ElementTree.parse(path.with_suffix(".svg")).getroot()
    places = {text.text: text.attrib for text in root.iter("{http://www.w3.org/2000/svg}text")}
    left, right = (places[end] for end in ends)
    assert "text-anchor" not in left and int(left["x"]) > int(places["ms"]["x"])
    assert int(right["y"]) - int(left["y"]) > 15


def test_any_bytes_of_ethernet_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "junk.pcap"
    random = Random(1)
    frames = [
        Ether(src=MAC_A, dst=MAC_B, type=random.choice((0x800, 0x86DD, 0x806, 0x88B5))) for _ in range(99)
    ]
    wrpcap(str(path), [frame / Raw(random.randbytes(random.randrange(200))) for frame in frames])
    assert "frames" in ladder(path, "--ends", f"{MAC_A},{MAC_B}").output


def test_standard_input_and_gzip_are_drawn_and_cut_packets_are_told(tmp_path: Path) -> None:
    from bench.tests.capture_bytes import PING, pcap

    out = tmp_path / "out.svg"
    cut = gzip.compress(pcap((PING, 1), (PING[:40], 2, 47)))
    result = CliRunner().invoke(main, ["ladder", "-", "-o", str(out)], input=cut, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert any("1 packets were cut when they were captured" in word for word in words(out))
    result = CliRunner().invoke(main, ["ladder", "-"], input=cut, catch_exceptions=False)
    assert result.exit_code == 2
    assert "name one with -o" in result.stderr


def test_both_commands_say_the_same_of_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "bom.pcapng"
    wrpcapng(str(path), FRAMES)
    path.write_bytes(path.read_bytes()[:8] + b"\1\2\3\4" + path.read_bytes()[12:])
    inject = CliRunner().invoke(main, ["inject", str(path)], catch_exceptions=False)
    assert refused(path) == inject.stderr
    assert "the section at byte 0 has no byte order" in inject.stderr
