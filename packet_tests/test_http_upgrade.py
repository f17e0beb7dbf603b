"""The opening handshake (RFC 6455, section 4.2): who is let in, and how everybody else is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench import Wire
from bench.layers.http_upgrade import UpgradeRequest, parse_response
from bench.layers.websocket import WebSocket
from bench.peer import Peer

Header = tuple[str, str | None]
KEY = "Sec-WebSocket-Key"
VERSION = "Sec-WebSocket-Version"
PROTOCOL = "Sec-WebSocket-Protocol"
NO_KEY_OF_16_BYTES = {
    "missing": None,
    "empty": "",
    "15 bytes": "AAAAAAAAAAAAAAAAAAAA",
    "17 bytes": "AAAAAAAAAAAAAAAAAAAAAAA=",
    "no base64": "!!!!!!!!!!!!!!!!!!!!!!==",
    "32 characters": "A" * 32,
    "300 characters": "A" * 300,
}


@pytest.mark.parametrize("ipv6", [False, True], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("port", [8080, 8081, 8082])
@pytest.mark.rfc6455("4.2.2-response", "4.2.2-accept")
def test_a_client_is_let_in(wire: Wire, port: int, ipv6: bool) -> None:
    protocols = {8080: (), 8081: ("my_ws_protocol",), 8082: ("echo",)}[port]
    with Peer(wire, port=port, ipv6=ipv6) as peer:
        response = peer.upgrade(protocols=protocols)
        assert response.protocol == "".join(protocols)


ACCEPTABLE: dict[str, list[Header]] = {
    "header names in lower case": [("sec-websocket-version", "13"), ("upgrade", "websocket")],
    "token in another case": [("Upgrade", "WebSocket"), ("Connection", "UPGRADE")],
    "several connection options": [("Connection", "keep-alive, Upgrade")],
    "several protocols to upgrade to": [("Upgrade", "h2c, websocket")],
    "other headers": [("User-Agent", "bench"), ("Origin", "http://example.com"), ("Cookie", "a=b")],
    "empty value": [("X-Nothing", "")],
    "compression offered": [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")],
    "extension with a quoted value": [("Sec-WebSocket-Extensions", 'x; y="z", ,')],
    "no host to name": [("Host", "")],
    "host without a number for its port": [("Host", "h:")],
    "host in IPv6": [("Host", "[::1]:8080")],
}


@pytest.mark.parametrize("headers", ACCEPTABLE.values(), ids=ACCEPTABLE.keys())
@pytest.mark.rfc6455("4.1-names", "4.2.1-optional", "9.1-extensions")
def test_what_http_allows_is_understood(wire: Wire, headers: list[Header]) -> None:
    with Peer(wire) as peer:
        peer.upgrade("/any/path?query=1", headers=headers)
        peer.echo("in")


@pytest.mark.parametrize("path", ["/", "/a://b?c[]=d|e", "http://example.org/chat", "HTTPS://[::1]:443"])
def test_a_path_and_an_absolute_uri_are_targets(wire: Wire, path: str) -> None:
    with Peer(wire) as peer:
        peer.upgrade(path)
        peer.echo("in")


def test_one_empty_line_before_the_request_is_ignored(wire: Wire) -> None:
    """RFC 9112, section 2.2; a second one is no request line."""
    for lines, status in ((b"\r\n", 101), (b"\r\n\r\n", 400)):
        with Peer(wire) as peer:
            peer.send(lines + bytes(UpgradeRequest()))
            peer.receive_response(status)


REFUSED: dict[str, tuple[int, list[Header]]] = {
    **{f"key {name}": (400, [(KEY, value)]) for name, value in NO_KEY_OF_16_BYTES.items()},
    "two keys": (400, [(KEY, "dGhlIHNhbXBsZSBub25jZQ=="), (KEY, "dGhlIHNhbXBsZSBub25jZQ==")]),
    "no host": (400, [("Host", None)]),
    "host with a space": (400, [("Host", "a b")]),
    "host with a user": (400, [("Host", "u@h")]),
    "host with a path": (400, [("Host", "h/x")]),
    "port that is no number": (400, [("Host", "h:8x")]),
    "bracket without an end": (400, [("Host", "[::1")]),
    "extensions that are no list": (400, [("Sec-WebSocket-Extensions", "foo;=;;,bar==1")]),
    "no upgrade": (400, [("Upgrade", None)]),
    "upgrade to something else": (400, [("Upgrade", "h2c")]),
    "no connection": (400, [("Connection", None)]),
    "connection close": (400, [("Connection", "close")]),
    "no version": (426, [(VERSION, None)]),
    "version 8": (426, [(VERSION, "8")]),
    "version 14": (426, [(VERSION, "14")]),
    "list of spaces as protocols": (400, [(PROTOCOL, "   ")]),
    "header name with a space": (400, [("X Y", "1")]),
    "line of 1100 bytes": (431, [("X-Long", "a" * 1100)]),
    "70 headers": (431, [(f"X-{n}", "1") for n in range(70)]),
    "head of 5000 bytes": (431, [(f"X-{n}", "a" * 900) for n in range(6)]),
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize(("status", "headers"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.rfc6455(
    "4.2.1-host",
    "4.2.1-upgrade",
    "4.2.1-connection",
    "4.2.1-key",
    "4.2.1-version",
    "4.2.1-refuse",
    "4.2.2-version",
    "4.4-version",
    "11.3.1-once",
    "4.1-protocols",
)
def test_a_request_that_breaks_a_rule_is_refused(wire: Wire, status: int, headers: list[Header]) -> None:
    with Peer(wire) as peer:
        response = peer.upgrade(headers=headers, expect=status)
        if status == 426:
            assert response.headers["sec-websocket-version"] == "13", "RFC 6455, section 4.4"
        if "upgrade" in response.headers:
            assert response.headers["connection"] == "Upgrade, close", "RFC 9110, section 7.8"
        assert peer.receive(int(response.headers["content-length"])), "the reason"
        peer.expect_end()


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("path", ["*", "chat", "example.org:80", "/chat#part", "ws://h/", "http://u@h/"])
@pytest.mark.rfc6455("4.2.1-get")
def test_any_other_target_is_refused(wire: Wire, path: str) -> None:
    with Peer(wire) as peer:
        peer.upgrade(path, expect=400)
        peer.receive(until=b"the target is neither")
        peer.expect_end()


@pytest.mark.usefixtures("unharmed")
def test_a_target_that_is_too_long_is_called_so(wire: Wire) -> None:
    """RFC 9112, section 3: 414, not the 431 of other lines."""
    for length, status in ((1009, 101), (1010, 414), (1400, 414)):
        with Peer(wire) as peer:
            peer.upgrade("/" + "a" * (length - 1), expect=status)
            if status != 101:
                peer.expect_end()


def test_the_answer_to_head_has_no_body(wire: Wire) -> None:
    with Peer(wire) as peer:
        response = peer.upgrade(method="HEAD", expect=405)
        assert "content-length" not in response.headers, "RFC 9110, section 8.6"
        peer.expect_end(rfc="RFC 9110, section 9.3.2")
        assert not peer.tcp.received, "content in the answer to HEAD (RFC 9110, section 9.3.2)"


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "get"])
@pytest.mark.rfc6455("4.2.1-get")
def test_another_method_is_refused(wire: Wire, method: str) -> None:
    with Peer(wire) as peer:
        response = peer.upgrade(method=method, expect=405)
        assert response.headers["allow"] == "GET", "RFC 9110, section 15.5.6"
        peer.expect_end()


NO_HTTP = {
    "HTTP/1.0": bytes(UpgradeRequest(http_version="HTTP/1.0")),
    "letters for a version": bytes(UpgradeRequest(http_version="HTTP/1.x")),
    "colons for a version": bytes(UpgradeRequest(http_version="HTTP/:.:")),
    "no version": bytes(UpgradeRequest()).replace(b" HTTP/1.1", b"", 1),
    "line ends without CR": bytes(UpgradeRequest()).replace(b"\r\n", b"\n"),
    "NUL in a header": bytes(UpgradeRequest(headers=[("X", "a\0b")])),
    "line folding": bytes(UpgradeRequest()).replace(b"Host:", b" folded\r\nHost:"),
    "header without colon": bytes(UpgradeRequest()).replace(b"Host:", b"Host"),
    "TLS client hello": bytes.fromhex("160301007b0100007703031122334455") + bytes(100) + b"\r\n\r\n",
}


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("request_bytes", NO_HTTP.values(), ids=NO_HTTP.keys())
@pytest.mark.rfc6455("4.2.1-get", "10.7-handshake")
def test_what_is_no_http_1_1_is_refused_with_400(wire: Wire, request_bytes: bytes) -> None:
    with Peer(wire) as peer:
        peer.send(request_bytes)
        parsed = parse_response(peer.receive(until=b"\r\n\r\n"))
        assert parsed is not None
        assert parsed[0].status == 400
        peer.expect_end()


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["echo"], "echo"), (["masked-echo", "echo"], "masked-echo"), (["x", "y", "echo"], "echo")],
)
@pytest.mark.rfc6455("4.2.2-subprotocol")
def test_the_accept_handler_chooses_a_sub_protocol(wire: Wire, offered: list[str], chosen: str) -> None:
    with Peer(wire, port=8082) as peer:
        assert peer.upgrade(protocols=offered).protocol == chosen


@pytest.mark.usefixtures("unharmed")
@pytest.mark.parametrize("offered", [[], ["x"], ["ECHO"], [f"p{n}" for n in range(100)]])
def test_the_accept_handler_may_refuse(wire: Wire, offered: list[str]) -> None:
    with Peer(wire, port=8082) as peer:
        response = peer.upgrade(protocols=offered, expect=401)
        assert "www-authenticate" in response.headers, "RFC 9110, section 15.5.2"
        peer.expect_end()


@pytest.mark.rfc6455("4.2.2-subprotocol")
def test_without_an_accept_handler_no_sub_protocol_is_chosen(wire: Wire) -> None:
    with Peer(wire) as peer:
        assert peer.upgrade(protocols=["echo"]).protocol == ""


def test_the_request_may_be_cut_at_every_byte(
    wire: Wire, rewind: Callable[[Peer], Callable[[], None]]
) -> None:
    with Peer(wire) as peer:
        back = rewind(peer)
        for cut in range(1, len(bytes(UpgradeRequest()))):
            back()
            peer.upgrade(split=[cut])


def test_the_request_may_come_byte_by_byte(wire: Wire) -> None:
    with Peer(wire) as peer:
        request = UpgradeRequest()
        peer.send(bytes(request), split=[1] * len(bytes(request)), gap=0.01)
        parsed = parse_response(peer.receive(until=b"\r\n\r\n"))
        assert parsed is not None
        assert parsed[0].status == 101


@pytest.mark.rfc6455("4.2.2-open")
def test_a_frame_may_follow_the_request_in_the_same_segment(wire: Wire) -> None:
    with Peer(wire) as peer:
        peer.send(bytes(UpgradeRequest()) + bytes(peer.prepare(WebSocket() / b"impatient")))
        assert peer.receive(until=b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
        peer.expect_frame("text", b"impatient")


@pytest.mark.usefixtures("unharmed")
def test_a_request_dribbling_past_the_open_timeout_is_cut_off(wire: Wire) -> None:
    with Peer(wire, timeout=60) as peer:
        for byte in bytes(UpgradeRequest())[:40]:
            if peer.closed_by_board:
                break
            peer.send(bytes([byte]))
            wire.run(1)
        assert peer.closed_by_board, (
            "40 s after the connection was opened the board still waits for the request"
        )
