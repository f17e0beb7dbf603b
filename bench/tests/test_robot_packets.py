"""Keywords for single packets that are not kept: what they say, and what the ladder marks."""

from __future__ import annotations

from pathlib import Path

from bench.tests.test_robot import HEAD, evidence, run

SYN = 'IP()/TCP(sport=40000, dport=9, seq=100, flags="S")'
SUITE = (
    HEAD
    + f"""\
Wrong Flags
    Packet Should Be Answered    {SYN}    TCP.flags=SA    TCP.ack=7

No Silence
    Packet Should Be Ignored    IP()/ICMP(id=7)/b"abc"

No Answer
    Packet Should Be Answered    IP(ttl=1)/TCP(flags="R")    TCP.flags=SA

Another Layer
    Packet Should Be Answered    {SYN}    ICMP.type=3

No Such Field
    Packet Should Be Answered    {SYN}    TCP.port=9

No Packet
    Send Packet    IP(/TCP()
"""
)


def test_a_packet_keyword_says_what_was_expected_and_marks_what_came(tmp_path: Path) -> None:
    result = run(tmp_path, SUITE)
    messages = {name: message for name, (_, message) in result.results().items()}
    assert messages["Wrong Flags"] == (
        "expected an answer with TCP.flags=SA, TCP.ack=7\n"
        "  came: TCP.flags=RA, TCP.ack=101 in IP / TCP 192.0.2.1:discard > 192.0.2.2:40000 RA\n"
        f"  sent: {SYN}"
    )
    assert "expected silence\n  came: IP / ICMP 192.0.2.1 > 192.0.2.2 echo-reply" in messages["No Silence"]
    assert "came: nothing" in messages["No Answer"]
    assert "came: no ICMP in IP / TCP" in messages["Another Layer"]
    for name in ("Wrong Flags", "No Silence", "Another Layer"):
        picture = evidence(result, name)
        assert picture.count('class="frame deviates"') == 1
        assert "✗ expected" in picture
    assert "✗ nothing came" in evidence(result, "No Answer")


def test_what_is_no_packet_or_field_is_said_in_a_line(tmp_path: Path) -> None:
    result = run(tmp_path, SUITE, "--test", "No *")
    messages = {name: message for name, (_, message) in result.results().items()}
    assert messages["No Such Field"].startswith("TCP has no field 'port', but: sport, dport, seq")
    assert messages["No Packet"].startswith("IP(/TCP() is no packet: SyntaxError: ")
