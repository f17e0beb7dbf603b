"""The rules of the matrix bite: a right reaction passes, and every wrong one is told. No board is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6EchoReply, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from bench.addresses import BENCH, BOARD
from bench.layers.http_upgrade import UpgradeRequest, accept_key
from bench.layers.tcp_state import State
from bench.layers.websocket import WebSocket, WebSocketClose
from bench.lwip import Connection
from bench.matrix import rules_stream
from bench.matrix.cases import base_frame, find
from bench.matrix.replies import read
from bench.matrix.rules import judge
from bench.matrix.states import Ends, Scene
from bench.oracle import OracleState
from emulation.machine import TimedFrame

OURS, THEIRS = 40000, 8080
REPLY = Ether(src=BOARD.mac, dst=BENCH.mac) / IP(src=BOARD.ip, dst=BENCH.ip)
SEQ, ACK = 0x12345678, 0x23456789
"""Of `Ends.model`: what the board expects and sends next."""


def scene(state: str = "listen") -> Scene:
    ends = Ends.model(state)
    if state == "listen":
        return Scene(ends, cast(OracleState, None), None)
    tcp = State(state.upper()) if state not in ("upgraded", "fragmented") else State.ESTABLISHED
    connection = Connection(
        tcp, ends.target.ip, THEIRS, ends.source.ip, OURS, ends.ack, ends.ack, ends.seq, 1072, 4096
    )
    return Scene(ends, cast(OracleState, None), connection)


def padded(packet: Packet) -> bytes:
    return bytes(packet).ljust(60, b"\0")


def tcp(flags: str, seq: int = ACK, ack: int = SEQ, data: bytes = b"") -> Packet:
    return REPLY / TCP(sport=THEIRS, dport=OURS, flags=flags, seq=seq, ack=ack) / data


def rules(case_id: str, *replies: Packet | bytes) -> list[str]:
    """The rules that these replies to a case break."""
    case = find(case_id)
    where = scene(case.state)
    frame = case.built(where.ends).frame
    sent = [read(reply if isinstance(reply, bytes) else padded(reply)) for reply in replies]
    return [problem.rule for problem in judge(where, frame, sent)]


ECHO = REPLY / ICMP(type=0, id=1) / b"0123456789abcdef"


@pytest.mark.parametrize(
    ("case_id", "reply", "broken"),
    [
        ("icmp/listen/unmodified", ECHO, []),
        ("icmp/listen/unmodified", None, ["icmp-echo/nothing"]),
        ("icmp/listen/unmodified", REPLY / ICMP(type=0, id=1) / b"0123456789abcdeX", ["echo-reply-differs"]),
        ("icmp/listen/chksum=0", None, []),
        ("icmp/listen/chksum=0", ECHO, ["checksum-above-ipv4/echo-reply"]),
        ("icmp/listen/cut@7", ECHO, ["icmp-cut/echo-reply"]),
        ("ipv4/listen/chksum=0", ECHO, ["ipv4-checksum/echo-reply"]),
        ("ipv4/listen/version=6", ECHO, ["ipv4-version/echo-reply"]),
        ("ipv4/listen/len=0xffff", ECHO, ["ipv4-total-length/echo-reply"]),
        ("ipv4/listen/dst=192.0.2.77", ECHO, ["ipv4-for-another/echo-reply"]),
        (
            "ipv4/listen/src=224.0.0.1",
            ECHO,
            ["ipv4-multicast-source/echo-reply", "answer-to-another/echo-reply"],
        ),
        ("ipv4/listen/first-fragment:unmodified", ECHO, ["ipv4-lone-fragment/echo-reply"]),
        ("ipv4/listen/src=192.0.2.77", ECHO, ["answer-to-another/echo-reply"]),
        ("ethernet/listen/type=0", ECHO, ["unknown-ethertype/echo-reply"]),
        ("ethernet/listen/dst^0x2", ECHO, ["for-another-station/echo-reply"]),
        ("ethernet/listen/size=1519", ECHO, ["too-long/echo-reply"]),
    ],
)
def test_rules_of_ip_and_icmp(case_id: str, reply: Packet | None, broken: list[str]) -> None:
    assert rules(case_id, *([] if reply is None else [reply])) == broken


def arp(**fields: Any) -> Packet:
    usual = {"op": 2, "hwsrc": BOARD.mac, "psrc": BOARD.ip, "hwdst": BENCH.mac, "pdst": BENCH.ip}
    return Ether(src=BOARD.mac, dst=BENCH.mac) / ARP(**usual | fields)


@pytest.mark.parametrize(
    ("case_id", "reply", "broken"),
    [
        ("arp/listen/unmodified", arp(), []),
        ("arp/listen/unmodified", None, ["arp-request/nothing"]),
        ("arp/listen/unmodified", arp(psrc="192.0.2.9"), ["arp-reply-wrong"]),
        ("arp/listen/op+1", arp(), ["arp-no-question/arp-reply"]),
        ("arp/listen/hwlen=0", arp(), ["arp-other-hardware-or-protocol/arp-reply"]),
        ("arp/listen/cut@27", arp(), ["runt-arp-cut/arp-reply"]),
    ],
)
def test_rules_of_arp(case_id: str, reply: Packet | None, broken: list[str]) -> None:
    assert rules(case_id, *([] if reply is None else [reply])) == broken


def test_a_reply_that_is_malformed_is_told_whatever_it_answers() -> None:
    good = bytearray(padded(ECHO))
    for at, rule in ((6, "malformed-echo-reply"), (24, "malformed-echo-reply"), (50, "malformed-echo-reply")):
        bad = bytearray(good)
        bad[at] ^= 0x10
        assert rule in rules("icmp/listen/unmodified", bytes(bad))
    assert "malformed-echo-reply" in rules("icmp/listen/unmodified", bytes(good[:58]))


def test_an_answer_over_ipv6_is_recognised() -> None:
    reply = Ether(src=BOARD.mac, dst=BENCH.mac) / IPv6(src=BOARD.ip6, dst=BENCH.ip6)
    case = find("icmpv6/listen/unmodified")
    frame = case.built(Ends.model("listen")).frame
    assert (
        judge(scene(), frame, [read(padded(reply / ICMPv6EchoReply(id=1, data=b"0123456789abcdef")))]) == []
    )
    assert [problem.rule for problem in judge(scene(), frame, [])] == ["icmpv6-echo/nothing"]


@pytest.mark.parametrize(
    ("case_id", "replies", "broken"),
    [
        ("tcp/listen/unmodified", [tcp("SA", ack=SEQ + 1)], []),
        ("tcp/listen/unmodified", [tcp("SA", ack=SEQ)], ["syn-ack-numbers"]),
        ("tcp/listen/unmodified", [], ["tcp-listen-syn/nothing"]),
        ("tcp/listen/chksum=0", [tcp("SA", ack=SEQ + 1)], ["checksum-above-ipv4/syn-ack"]),
        ("tcp/listen/dataofs=4", [tcp("SA", ack=SEQ + 1)], ["tcp-data-offset/syn-ack"]),
        ("tcp/listen/ack:unmodified", [tcp("R", seq=ACK)], []),
        ("tcp/listen/ack:unmodified", [tcp("R", seq=0)], ["rst-numbers"]),
        ("tcp/listen/rst:unmodified", [tcp("RA")], ["tcp-listen-rst/rst"]),
        ("tcp/listen/dport=1", [tcp("RA", seq=0, ack=SEQ + 1)], []),
        ("tcp/listen/dport=1", [], ["tcp-closed/nothing"]),
        ("tcp/established/rst:unmodified", [], []),
        ("tcp/established/rst:seq+1", [tcp("A")], []),
        ("tcp/established/rst:seq+1", [], ["tcp-established-rst-inside/nothing"]),
        ("tcp/established/rst:seq-1", [tcp("A")], ["tcp-established-rst-outside/ack"]),
        ("tcp/established/syn:unmodified", [tcp("A")], []),
        ("tcp/established/syn:unmodified", [tcp("R")], ["tcp-established-syn/rst"]),
        ("tcp/established/syn:unmodified", [tcp("A", ack=SEQ + 1)], ["tcp-established-syn-numbers"]),
        ("tcp/established/seq=0", [tcp("A")], []),
        ("tcp/established/seq=0", [], ["tcp-established-outside/nothing"]),
        ("tcp/established/ack+1", [tcp("A", ack=SEQ + 8)], ["tcp-established-ack-of-unsent-numbers"]),
        ("tcp/established/unmodified", [tcp("A", ack=SEQ + 8)], []),
        ("tcp/established/unmodified", [], ["tcp-established-data/nothing"]),
        ("tcp/syn-received/ack:ack+1", [tcp("R", seq=ACK + 1)], []),
        ("tcp/syn-received/ack:ack+1", [], ["tcp-syn-received-wrong-ack/nothing"]),
        ("tcp/time-wait/fin:unmodified", [tcp("A", ack=SEQ)], []),
    ],
)
def test_rules_of_tcp(case_id: str, replies: list[Packet], broken: list[str]) -> None:
    assert rules(case_id, *replies) == broken


def test_what_the_board_sends_by_itself_in_a_state_is_no_answer() -> None:
    case = find("tcp/established/rst:unmodified")
    where = replace(scene("established"), background=frozenset({"fin"}))
    assert judge(where, case.built(where.ends).frame, [read(padded(tcp("FA")))]) == []


def client(opcode: str, data: bytes = b"", **fields: Any) -> bytes:
    return bytes(WebSocket(opcode=opcode, mask=1, **fields) / data)


def server(opcode: str, data: bytes = b"") -> bytes:
    return bytes(WebSocket(opcode=opcode) / data)


def close(code: int) -> bytes:
    return bytes(WebSocket(opcode="close") / WebSocketClose(code=code, reason="why"))


@pytest.mark.parametrize(
    ("sent", "fragmented", "right", "wrong"),
    [
        (client("text", b"hi"), False, server("text", b"hi"), server("binary", b"hi")),
        (client("ping", b"p"), False, server("pong", b"p"), b""),
        (client("pong", b"p"), False, b"", server("pong", b"p")),
        (client("ping") + client("text", b"x"), False, server("pong") + server("text", b"x"), server("pong")),
        (client("continuation", b"ment"), True, server("text", b"fragment"), server("text", b"ment")),
        (client("continuation", b"x"), False, close(1002), server("text", b"x")),
        (client("text", b"x"), True, close(1002), server("text", b"x")),
        (bytes(WebSocket(opcode="text") / b"x"), False, close(1002), server("text", b"x")),
        (client("text", b"x", rsv1=1), False, close(1002), close(1007)),
        (client("ping", b"x", fin=0), False, close(1002), server("pong", b"x")),
        (client("text", b"\xff"), False, close(1007), close(1002)),
        (client("binary", b"", length=127, ext_length=65536), False, close(1009), b""),
        (client("binary", b"ab", length=126, ext_length=2), False, close(1002), server("binary", b"ab")),
        (client("close", b"\x03\xe8"), False, server("close", b"\x03\xe8"), close(1002)),
        (client("close", b"\x03"), False, close(1002), server("close", b"\x03")),
        (client("close", b"\x03\xed"), False, close(1002), close(1005)),
        (client("text", b"hello")[:-1], False, b"", server("text", b"hell")),
    ],
)
def test_rules_of_websocket_frames(sent: bytes, fragmented: bool, right: bytes, wrong: bytes) -> None:
    assert rules_stream.check_frames(sent, right, False, fragmented=fragmented) == []
    assert rules_stream.check_frames(sent, wrong, False, fragmented=fragmented) != []


def switching(key: str) -> bytes:
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    ).encode()


REFUSED = b"HTTP/1.1 400 Bad Request\r\n\r\n"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@pytest.mark.parametrize(
    ("request_", "right", "wrong"),
    [
        (UpgradeRequest(), switching(KEY), REFUSED),
        (UpgradeRequest(), switching(KEY), switching(KEY[::-1])),
        (UpgradeRequest(), switching(KEY), b""),
        (UpgradeRequest(), switching(KEY), b"HTTP/1.1 101"),
        (UpgradeRequest(key="dGhlIHNhbXBsZQ=="), REFUSED, switching("dGhlIHNhbXBsZQ==")),
        (UpgradeRequest(method="POST"), REFUSED, switching(KEY)),
        (UpgradeRequest(http_version="HTTP/1.0"), REFUSED, switching(KEY)),
        (UpgradeRequest(headers=[("Upgrade", "h2c")]), REFUSED, switching(KEY)),
        (UpgradeRequest(headers=[("Connection", None)]), REFUSED, switching(KEY)),
        (UpgradeRequest(headers=[("Host", None)]), REFUSED, switching(KEY)),
        (UpgradeRequest(headers=[("Sec-WebSocket-Version", "12")]), REFUSED, switching(KEY)),
        (UpgradeRequest(path="no-slash"), REFUSED, b"nonsense"),
    ],
)
def test_rules_of_the_handshake(request_: UpgradeRequest, right: bytes, wrong: bytes) -> None:
    assert rules_stream.check_request(bytes(request_), right, False) == []
    assert rules_stream.check_request(bytes(request_), wrong, False) != []


def test_a_request_that_is_not_finished_may_wait() -> None:
    assert rules_stream.check_request(bytes(UpgradeRequest())[:-2], b"", False) == []


def test_replies_are_those_of_the_board() -> None:
    """A frame that the bench sends would not pass for one of the board's."""
    assert read(base_frame("icmp", "", Ends.model("listen"))).problems
    assert not read(TimedFrame(0, padded(ECHO)).data).problems
