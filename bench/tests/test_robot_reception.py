"""What a real peer would drop fails a Robot test, whatever it expected, and is named."""

from __future__ import annotations

from pathlib import Path

from bench.tests.test_robot import ECHO, HEAD, evidence, run

LIBRARY = """\
from bench.robot.listener import LISTENER
from emulation.machine import TimedFrame

def spoil_echo_replies():
    machine = LISTENER.board.machine
    right = type(machine).frames
    def wrong(data):
        icmp = data[12:14] == bytes([8, 0]) and data[23] == 1
        return data[:36] + bytes([data[36] ^ 1]) + data[37:] if icmp else data
    machine.frames = lambda: [TimedFrame(f.time, wrong(f.data)) for f in right(machine)]

def spoil_no_more():
    del LISTENER.board.machine.frames
"""
TOLD = "1 ICMP message with a wrong checksum dropped (RFC 792)"


def test_a_finding_fails_the_test_and_is_shown_in_its_ladder(tmp_path: Path) -> None:
    (tmp_path / "spoiling.py").write_text(LIBRARY)
    head = HEAD.replace("BoardLibrary\n", "BoardLibrary\nLibrary    spoiling.py\n", 1)
    suite = (
        head
        + ECHO.format(name="Good")
        + """\
Expected Otherwise
    Spoil Echo Replies
    Send Packet    IP()/ICMP(id=1)/b"abc"
    Run Board For    100 ms
    Spoil No More

Failed Already
    Spoil Echo Replies
    Send Packet    IP()/ICMP(id=1)/b"abc"
    Run Board For    100 ms
    Spoil No More
    Fail    for another reason

Lenient
    Accept Malformed Frames
    Spoil Echo Replies
    Packet Should Be Answered    IP()/ICMP(id=1)/b"abc"    ICMP.id=1
    Spoil No More

Strict Again
    Packet Should Be Answered    IP()/ICMP(id=1)/b"abc"    ICMP.id=1
"""
    )
    result = run(tmp_path, suite)
    results = result.results()
    assert {name for name, (status, _) in results.items() if status == "FAIL"} == {
        "Expected Otherwise",
        "Failed Already",
    }
    assert results["Expected Otherwise"][1] == f"the board sends what it must not: {TOLD}"
    assert TOLD in results["Failed Already"][1] and "for another reason" in results["Failed Already"][1]
    assert "dropped: ICMP message with a wrong checksum, RFC 792" in evidence(result, "Expected Otherwise")
