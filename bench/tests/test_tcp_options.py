"""Options, chosen losses and schedules between two endpoints on a simulated link."""

from __future__ import annotations

import pytest

from bench.layers.tcp_options import (
    END,
    NOP,
    SACK_PERMITTED,
    Options,
    maximum_segment_size,
    options,
    sack,
    timestamps,
    window_scale,
)
from bench.layers.tcp_state import State, TcpError
from bench.layers.tcpip import SYN
from bench.tcp import TcpEndpoint
from bench.tests.test_tcp import CLIENT, SERVER, Link, connected, sent_segments


def with_options(
    client: Options, server: Options, window: int = 65535
) -> tuple[TcpEndpoint, TcpEndpoint, Link]:
    one = TcpEndpoint(CLIENT, SERVER, isn=1, options=client, window=window)
    other = TcpEndpoint(SERVER, CLIENT, isn=2, options=server, window=window)
    other.listen()
    one.connect(0.0)
    link = Link(one, other)
    link.run(1)
    assert one.state is other.state is State.ESTABLISHED
    return one, other, link


def test_options_are_written_as_the_rfcs_show_them() -> None:
    assert options(maximum_segment_size(1460)).hex() == "020405b4"
    assert options(NOP, window_scale(7)).hex() == "01030307"
    assert options(SACK_PERMITTED).hex() == "04020000"  # filled up with END
    assert options(NOP, NOP, timestamps(1, 2)).hex() == "0101080a0000000100000002"
    assert sack((1, 5), (9, 12)).hex() == "0512" + "00000001000000050000000900" + "00000c"
    assert options(END) == bytes(4)
    with pytest.raises(ValueError, match="40 bytes at most"):
        options(bytes(41))


def test_scaled_windows_need_both_ends() -> None:
    large = 1 << 20
    scaled = Options(window_scale=5)
    one, other, _ = with_options(scaled, scaled, window=large)
    assert sent_segments(one)[0].window == 65535  # a SYN's window is never scaled
    assert other.send_window == large
    one, other, _ = with_options(scaled, Options(), window=large)
    assert (one.send_window, other.send_window) == (65535, 65535)


def test_more_data_than_an_unscaled_window_are_in_flight_at_once() -> None:
    scaled = Options(window_scale=4)
    one, other, link = with_options(scaled, scaled, window=1 << 18)
    other.acknowledge(link.now)
    link.run(0.1)
    one.send(bytes(200_000), link.now)
    assert sum(len(s.payload) for s in sent_segments(one)) == 200_000
    link.run(10)
    assert len(other.read()) == 200_000


def test_timestamps_are_carried_and_echoed_where_both_ends_offer_them() -> None:
    both = Options(timestamps=True)
    one, other, link = with_options(both, both)
    link.run(2)
    one.send(b"now", link.now)
    link.run(0.1)
    data = next(s for s in sent_segments(one) if s.payload)
    answer = sent_segments(other)[-1]
    assert data.option(8) == timestamps(3000, 1)[2:]
    assert answer.option(8) == timestamps(3001, 3000)[2:]
    one, _, link = with_options(both, Options())
    one.send(b"now", link.now)
    assert sent_segments(one)[-1].options == b""


def test_a_full_segment_leaves_room_for_the_options() -> None:
    both = Options(timestamps=True)
    one, _, link = with_options(both, both)
    one.send(bytes(3000), link.now)
    assert max(len(s.payload) + len(s.options) for s in sent_segments(one)) == 1460


def test_any_bytes_can_be_the_options_of_a_syn_and_of_what_follows() -> None:
    one, other, link = with_options(Options(syn=b"\xfe\x04\x12\x34", data=b"\xfd\x03\x00"), Options())
    syn, ack = sent_segments(one)
    assert syn.options == b"\xfe\x04\x12\x34"
    assert ack.options == b"\xfd\x03\x00\x00"
    assert other.remote_mss == 536
    one.send(b"x", link.now)
    assert sent_segments(one)[-1].options == b"\xfd\x03\x00\x00"


def test_a_retransmission_says_what_the_first_said_with_the_time_of_now() -> None:
    one, other, link = with_options(Options(timestamps=True), Options(timestamps=True))
    other.lose(1)
    start = link.now
    one.send(b"again", start)
    link.run(10)
    first, second = (s for s in sent_segments(one) if s.payload)
    assert (first.seq, first.payload) == (second.seq, second.payload)
    values = [int.from_bytes((s.option(8) or b"")[:4], "big") for s in (first, second)]
    assert values[1] - values[0] == 1000
    assert other.read() == b"again"


def test_the_chosen_segments_are_lost_and_no_others() -> None:
    client, server, link = connected()
    server.lose(2, lambda segment: b"b" in segment.payload)
    client.send(b"abcb", link.now, split=[1, 1, 1, 1])
    link.run(0.5)
    assert [s.payload for s in server.lost] == [b"b", b"b"]
    assert server.read() == b"a"
    link.run(10)
    assert server.read() == b"bcb"
    assert [r.segment.payload for r in server.history if r.lost] == [b"b", b"b"]


def test_by_default_bare_acknowledgements_are_not_what_is_lost() -> None:
    client, server, link = connected()
    client.lose(1)
    client.send(b"question", link.now)
    link.run(0.5)
    assert client.all_acknowledged
    server.send(b"answer", link.now)
    link.run(0.5)
    assert (client.read(), len(client.lost)) == (b"", 1)
    link.run(2)
    assert client.read() == b"answer"


def test_what_is_booked_goes_out_as_the_caller_says_and_is_repeated_if_it_does_not_arrive() -> None:
    client, server, link = connected()
    seq, sizes = client.book(b"abcdefg", link.now, split=[2, 2])
    assert sizes == [2, 2, 3]
    client.inject(client.data_segment(seq + 2, b"cd", link.now), link.now)
    link.run(0.5)
    assert server.read() == b""
    link.run(10)
    assert server.read() == b"abcdefg"
    assert client.all_acknowledged


def test_data_can_be_sent_beyond_the_remote_window() -> None:
    client, server, link = connected(heed_window=False)
    client.send(bytes(5000), link.now, split=[5000])
    assert sum(len(s.payload) for s in sent_segments(client)) == 5000
    link.run(0.5)
    assert len(server.read()) == 2144  # the server keeps what it has room for
    link.run(100)
    assert len(server.read()) == 5000 - 2144


def test_booking_waits_for_nothing_and_refuses_to_overtake() -> None:
    client, server, link = connected()
    server.window = 0
    server.acknowledge(link.now)
    link.run(0.1)
    client.send(b"waiting", link.now)
    with pytest.raises(TcpError, match="still waits for the handshake or for"):
        client.book(b"overtaking", link.now)


def test_a_syn_that_is_repeated_keeps_its_options() -> None:
    one = TcpEndpoint(CLIENT, SERVER, options=Options(window_scale=3, sack_permitted=True))
    one.connect(0.0)
    one.tick(1.0)
    assert [(s.flags, s.options.hex()) for s in sent_segments(one)] == [
        (SYN, "020405b4010303030101" + "0402")
    ] * 2
