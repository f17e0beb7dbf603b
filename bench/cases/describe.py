"""From frames and bytes of the board to lines of `bench.cases.words`.

Frames are taken apart by hand: it is done for every frame of some hundred cases a second. Whatever is wrong
with a frame of the board itself (checksum, length, addresses) stands at the head of its line.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from bench.addresses import Station
from bench.cases import words
from bench.layers.http_upgrade import UpgradeError, UpgradeResponse, parse_response
from bench.layers.tcp_options import MSS
from bench.layers.tcpip import ACK, FIN, PSH, RST, SYN, URG, checksum, parse
from bench.layers.websocket import OPCODES, WebSocket, WebSocketClose, parse_frames

ARP, IPV4, IPV6 = b"\x08\x06", b"\x08\x00", b"\x86\xdd"
SMALLEST = 60
"""Bytes of the shortest Ethernet frame without its FCS (IEEE 802.3, section 3.2.7)."""
CLOSE, NO_STATUS = 8, 1005
MODULO = 1 << 32
NAMES = ((SYN, "SYN"), (FIN, "FIN"), (RST, "RST"), (PSH, "PSH"), (ACK, "ACK"), (URG, "URG"))
TOLD = {401: ("www-authenticate",), 405: ("allow",), 426: ("sec-websocket-version",)}
"""Headers that a status demands (RFC 9110, sections 15.5.2 and 15.5.6; RFC 6455, section 4.4)."""


@dataclass(frozen=True)
class Origin:
    """Where the numbers of a connection are counted from; None: they are shown as they are."""

    board: int
    bench: int | None
    name: str = ""


class Describer:
    """Describes the frames of one board; remembers initial sequence numbers, which nobody can foresee."""

    def __init__(self, board: Station, host: Station) -> None:
        self._mac = bytes.fromhex(board.mac.replace(":", ""))
        self._host_mac = bytes.fromhex(host.mac.replace(":", ""))
        self._own = {ipaddress.ip_address(a).packed for a in (board.ip, board.ip6, board.link_local)}
        self._host = {ipaddress.ip_address(a).packed for a in (host.ip, host.ip6, host.link_local)}
        self._host_ip = ipaddress.ip_address(host.ip).packed
        self.origins: dict[tuple[bytes, int, int], Origin] = {}
        """By address and port of the bench's end and port of the board."""

    def frame(self, data: bytes) -> str | None:
        """A line for a frame; None for address resolution that the bench host answers by itself."""
        kind = data[12:14]
        if kind == ARP:
            line = self._arp(data)
        elif kind == IPV4:
            line = self._ipv4(data)
        elif kind == IPV6:
            line = self._ipv6(data)
        else:
            line = f"Ethernet type {kind.hex()}"
        if line is None:
            return None
        problems = []
        if len(data) < SMALLEST:
            problems.append(f"runt of {len(data)} bytes")
        if data[6:12] != self._mac:
            problems.append(f"from MAC {data[6:12].hex(':')}")
        if not data[0] & 1 and data[:6] != self._host_mac:
            problems.append(f"to MAC {data[:6].hex(':')}")
        return f"[{', '.join(problems)}] {line}" if problems else line

    # Link and network layer

    def _arp(self, data: bytes) -> str | None:
        if data[14:20] != b"\x00\x01\x08\x00\x06\x04" or len(data) < 42:
            return "malformed ARP"
        operation = int.from_bytes(data[20:22], "big")
        sender, target = _address(data[28:32]), _address(data[38:42])
        if operation == 1:
            return None if data[38:42] == self._host_ip else words.arp_request(target)
        if operation == 2:
            wrong = "" if data[:6] == data[32:38] else f" at {data[32:38].hex(':')}"
            return words.arp_reply(sender, data[22:28].hex(":"), target + wrong)
        return f"ARP operation {operation}"

    def _ipv4(self, data: bytes) -> str:
        size = (data[14] & 15) * 4
        end = 14 + int.from_bytes(data[16:18], "big")
        if data[14] >> 4 != 4 or size < 20 or end > len(data) or checksum(data[14 : 14 + size]):
            return "malformed IPv4"
        if int.from_bytes(data[20:22], "big") & 0x3FFF:
            return f"IPv4 fragment{self._ends(data[26:30], data[30:34])}"
        body, protocol = data[14 + size : end], data[23]
        if protocol == 6:
            line = self._tcp(data)
        elif protocol == 1:
            line = self._icmp("ICMP", body, checksum(body))
        else:
            line = f"IPv4 protocol {protocol}"
        return line + self._ends(data[26:30], data[30:34])

    def _ipv6(self, data: bytes) -> str | None:
        end = 54 + int.from_bytes(data[18:20], "big")
        if data[14] >> 4 != 6 or end > len(data):
            return "malformed IPv6"
        body, protocol = data[54:end], data[20]
        if protocol == 6:
            line = self._tcp(data)
        elif protocol == 58:
            pseudo = data[22:54] + len(body).to_bytes(4, "big") + b"\0\0\0\x3a"
            if body[0] == 135 and body[8:24] in self._host:
                return None
            line = self._icmp("ICMPv6", body, checksum(pseudo + body))
        elif protocol == 0:
            line = "IPv6 hop-by-hop header"
        else:
            line = f"IPv6 next header {protocol}"
        return line + self._ends(data[22:38], data[38:54])

    def _ends(self, source: bytes, destination: bytes) -> str:
        from_whom = "" if source in self._own else f" ← {_address(source)}"
        return from_whom + ("" if destination in self._host else f" → {_address(destination)}")

    def _icmp(self, name: str, body: bytes, wrong: int) -> str:
        if len(body) < 8:
            return f"malformed {name}"
        kind, code = body[0], body[1]
        if (name, kind) in (("ICMP", 0), ("ICMPv6", 129)):
            identifier, sequence = int.from_bytes(body[4:6], "big"), int.from_bytes(body[6:8], "big")
            line = words.echo_reply(identifier, sequence, body[8:], version=4 if name == "ICMP" else 6)
            line += f" code={code}" if code else ""
        elif (name, kind) == ("ICMPv6", 136):
            flags = "".join(
                letter for bit, letter in ((0x80, "R"), (0x40, "S"), (0x20, "O")) if body[4] & bit
            )
            line = f"ICMPv6 neighbor advertisement of {_address(body[8:24])} [{flags}]"
        elif (name, kind) == ("ICMPv6", 135):
            line = f"ICMPv6 neighbor solicitation for {_address(body[8:24])}"
        elif (name, kind) == ("ICMPv6", 4):
            line = words.icmp_error(name, kind, code, f" pointer {int.from_bytes(body[4:8], 'big')}")
        else:
            line = words.icmp_error(name, kind, code)
        return f"bad checksum: {line}" if wrong else line

    # TCP

    def _tcp(self, data: bytes) -> str:
        parsed = parse(data)
        if parsed is None:
            return "malformed TCP"
        segment = parsed.segment
        key = (parsed.destination.ip, parsed.destination.port, parsed.source.port)
        names = "+".join(name for bit, name in NAMES if segment.flags & bit) or "no flags"
        origin = self.origins.get(key)
        if segment.flags & (SYN | ACK) == SYN | ACK and (origin is None or origin.name):
            origin = self.origins[key] = Origin(segment.seq, None, "ISN")
        seq, ack = _number(segment.seq, origin), segment.ack
        line_ack: int | str | None = ack if ack or segment.flags & ACK else None
        if line_ack is not None and origin is not None and origin.bench is not None:
            line_ack = f"+{(ack - origin.bench) % MODULO}"
        line = words.segment(names, seq, line_ack, segment.payload)
        value = segment.option(MSS)
        if value is not None:
            line += f" mss={int.from_bytes(value, 'big')}"
        return line


def _number(value: int, origin: Origin | None) -> str:
    if origin is None:
        return str(value)
    offset = (value - origin.board) % MODULO
    return f"{origin.name}+{offset}" if offset or not origin.name else origin.name


def _address(packed: bytes) -> str:
    return str(ipaddress.ip_address(packed))


def stream(data: bytes) -> tuple[list[str], bytes]:
    """Lines for what an HTTP and WebSocket stream holds from its start, and what is not complete yet."""
    lines = []
    if data.startswith(b"HTTP/"):
        try:
            parsed = parse_response(data)
        except UpgradeError as error:
            return [f"malformed HTTP: {error}"], b""
        if parsed is None:
            return [], data
        response, data = parsed
        size = int(response.headers.get("content-length", "0"))
        if response.status != 101 and len(data) < size:
            return [], response.head + data
        data = data[size:] if response.status != 101 else data
        lines.append(words.http(response.status, *_told(response, size)))
    frames, rest = parse_frames(data)
    lines.extend(_frame(frame) for frame in frames)
    return lines, rest


def _told(response: UpgradeResponse, size: int) -> list[str]:
    """What counts of a refusal: headers that its status or another header demands, and a missing body."""
    if response.status == 101:
        return []
    names = list(TOLD.get(response.status, ()))
    if "upgrade" in response.headers:
        names.append("connection")  # RFC 9110, section 7.8
    told = [f"{name}: {response.headers.get(name, 'missing')}" for name in names]
    return told if size else [*told, words.NO_BODY]


def _frame(frame: WebSocket) -> str:
    name = OPCODES.get(frame.opcode, f"opcode {frame.opcode}")
    if WebSocketClose in frame:
        line = words.close(frame[WebSocketClose].code)
    elif frame.opcode == CLOSE and not frame.data:
        line = words.close(NO_STATUS)
    else:
        line = words.frame(name, frame.data)
    wrong = [word for word, is_so in (("no FIN", not frame.fin), ("masked", frame.mask)) if is_so]
    wrong += [f"RSV{bit}" for bit in (1, 2, 3) if frame.getfieldval(f"rsv{bit}")]
    return f"[{', '.join(wrong)}] {line}" if wrong else line
