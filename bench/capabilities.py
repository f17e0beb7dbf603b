"""What a booted board offers, found out from the board itself, so that tests which need more are skipped.

A board offers what its firmware declares, by the line that our server prints and by its symbols, and else
what it answers when it is asked. What is declared is not tried: a server that says it is there and is not has
to fail its tests. The board is left as it was.

    offers = Capabilities(board)
    offers.lacking(["ping", "tcp:4242"])      # [] or, for each missing one, a line with the reason
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

from bench.board import Board, BoardState
from bench.completion import BROADCAST_MAC
from bench.layers.tcp_state import TcpError
from bench.peer import Peer, PeerError
from emulation.errors import GuestFault, UserError

TIMEOUT = 2.0
"""Virtual seconds an answer may take."""
UNUSED_PORT = 9
"""Where nobody listens: discard (RFC 863)."""
ECHO_ID = 0x6361  # "ca"
SERVER_LINE = re.compile(r"ws_server: listening on (?:(\S+) )?ports? ((?:\d+(?:, )?)+)")
"""What the project's firmware prints when its servers are up."""
SERVERS = {8080: "", 8081: "my_ws_protocol", 8082: "echo"}
"""The ports of the project's servers, and a sub-protocol that each agrees to."""
ECHO_PORT = 8080


class Capability(enum.StrEnum):
    """What a test may need of a firmware.

    There are also `tcp:PORT`, a server on that port, and `websocket:PORT`, one that completes the upgrade,
    whatever it does then.
    """

    CONSOLE = "console"
    """Prints on the UART."""
    ARP = "arp"
    """Answers ARP for its IPv4 address."""
    PING = "ping"
    """Answers ICMP echo requests."""
    FRAGMENTS = "fragments"
    """Puts the fragments of an IPv4 packet together."""
    IPV6 = "ipv6"
    """Answers ICMPv6 echo requests at its global address."""
    UDP = "udp"
    """Speaks UDP: reports a port where nobody listens."""
    TCP = "tcp"
    """Speaks TCP: answers a SYN, be it with a reset."""
    WEBSOCKET = "websocket"
    """A WebSocket server on port 8080 that echoes."""
    SERVERS = "servers"
    """The servers of the project's firmware on ports 8080, 8081 and 8082."""
    LWIP = "lwip"
    """lwIP, whose pools and connections can be counted from outside."""
    PYTHON = "python"
    """MicroPython, whose heap can be looked into."""


PORT = re.compile(r"(tcp|websocket):([1-9]\d{0,4})")
SYMBOLS = {
    Capability.LWIP: ("tcp_active_pcbs", "memp_stats_TCP_PCB"),
    Capability.PYTHON: ("mp_state_ctx",),
}
"""Symbols that a firmware has with these, and without them has not."""
DECLARED = {
    Capability.ARP: "etharp_input",
    Capability.PING: "icmp_input",
    Capability.TCP: "tcp_input",
    Capability.FRAGMENTS: "ip4_reass",
    Capability.IPV6: "ip6_input",
    Capability.UDP: "udp_input",
}
"""Functions of lwIP that say what the project's firmware was built with, whatever its application is."""


@dataclass(frozen=True)
class Finding:
    """Whether the board offers something, and how that was found out."""

    offered: bool
    reason: str


class Capabilities:
    """What a board offers in a state (its present one); each is found out when it is first asked for.

    What is tried runs the board from that state on; whatever it was doing meanwhile is restored afterwards.
    """

    def __init__(self, board: Board, state: BoardState | None = None) -> None:
        self.board = board
        self._state = board.snapshot() if state is None else state
        self._found: dict[str, Finding] = {}
        line = SERVER_LINE.search(self._state.uart.decode("utf-8", "replace"))
        self._ports = tuple(map(int, re.findall(r"\d+", line[2]))) if line else ()
        self._probes: dict[Capability, Callable[[], Finding]] = {
            Capability.ARP: self._arp,
            Capability.PING: self._ping,
            Capability.FRAGMENTS: self._fragments,
            Capability.IPV6: self._ipv6,
            Capability.UDP: self._udp,
            Capability.TCP: self._tcp,
            Capability.WEBSOCKET: self._websocket,
            Capability.SERVERS: self._servers,
        }

    def find(self, need: str) -> Finding:
        """Whether the board offers a capability (see `Capability`).

        Raises UserError for a name that is none.
        """
        need = str(check(need))
        if need not in self._found:
            self._found[need] = self._find(need)
        return self._found[need]

    def offers(self, need: str) -> bool:
        """Whether the board offers a capability. Raises UserError for a name that is none."""
        return self.find(need).offered

    def lacking(self, needs: Iterable[str]) -> list[str]:
        """One line for each of the needs that the board does not meet. Raises UserError."""
        return [f"needs {need}: {found.reason}" for need in needs if not (found := self.find(need)).offered]

    def require(self, needs: Iterable[str]) -> None:
        """Raise UserError, with the reasons, unless the board offers all of these."""
        if missing := self.lacking(needs):
            raise UserError(
                f"the firmware lacks what is required of it: {'; '.join(missing)}",
                "mend the firmware, or require less of it",
            )

    def describe(self) -> dict[str, str]:
        """What it offers and what it lacks, in words, for reports."""
        found = {str(each): self.find(each) for each in Capability}
        offered = ", ".join(name for name, finding in found.items() if finding.offered)
        lacks = "; ".join(f"{name} ({each.reason})" for name, each in found.items() if not each.offered)
        return {"Offers": offered or "nothing", **({"Lacks": lacks} if lacks else {})}

    # -- how it is found out ---------------------------------------------------------------------------------

    def _find(self, need: str) -> Finding:
        declared = self._declared(need)
        if declared is not None:
            return declared
        board, wire = self.board, self.board.wire
        capture, wire.capture = wire.capture, None
        neighbour, wire.neighbour.enabled = wire.neighbour.enabled, True
        present = board.snapshot()
        board.restore(self._state)
        # What answers wrongly does answer: a test has to fail for it, not to be skipped.
        wire.reception.strict = False
        try:
            if port := PORT.fullmatch(need):
                number = int(port[2])
                return self._port(number) if port[1] == "tcp" else self._upgrade(number)
            return self._probes[Capability(need)]()
        except GuestFault as fault:
            # Not something it lacks: what needs this has to run into it and tell.
            return Finding(True, f"the guest fails over it ({fault.kind}: {fault.reason})")
        finally:
            board.restore(present)
            wire.capture, wire.neighbour.enabled = capture, neighbour

    def _declared(self, need: str) -> Finding | None:
        """What needs no trying."""
        if need == Capability.CONSOLE:
            printed = bool(self._state.uart)
            return Finding(printed, "it prints" if printed else "it has printed nothing")
        symbols = SYMBOLS.get(Capability(need)) if need in set(Capability) else None
        if symbols is not None:
            missing = [name for name in symbols if not self._has_symbol(name)]
            return Finding(not missing, f"no symbol {missing[0]}" if missing else f"symbol {symbols[0]}")
        said = Finding(True, "the firmware says so on the console")
        if port := PORT.fullmatch(need):
            return said if int(port[2]) in self._ports else None
        by_line = {
            Capability.ARP: bool(self._ports),
            Capability.PING: bool(self._ports),
            Capability.TCP: bool(self._ports),
            Capability.WEBSOCKET: ECHO_PORT in self._ports,
            Capability.SERVERS: set(SERVERS) <= set(self._ports),
        }
        if by_line.get(Capability(need)):
            return said
        function = DECLARED.get(Capability(need))
        ours = function is not None and self.offers(Capability.LWIP) and self.offers(Capability.PYTHON)
        if ours and self._has_symbol(str(function)):
            return Finding(True, f"symbol {function}")
        return None

    def _has_symbol(self, name: str) -> bool:
        try:
            self.board.symbol(name)
        except KeyError:
            return False
        return True

    def _ask(self, packet: Packet, is_answer: Callable[[Packet], bool]) -> Packet | None:
        self.board.wire.send(packet)
        seen = self.board.wire.sniff(count=1, timeout=TIMEOUT, lfilter=is_answer)
        return seen[0] if seen else None

    def _arp(self) -> Finding:
        mac = ask_mac(self.board)
        ip = self.board.ip
        return Finding(mac is not None, f"ARP for {ip}: {mac or 'no answer'}")

    def _ping(self) -> Finding:
        ip = self.board.ip
        if not self.offers(Capability.ARP):
            return Finding(False, f"no answer to ARP for {ip}")
        request = IP(dst=ip) / ICMP(id=ECHO_ID) / Raw(b"there?")
        asks: list[str] = []

        def is_reply(packet: Packet) -> bool:
            if ARP in packet and packet[ARP].op == 1:
                asks.append(packet[ARP].psrc)
            return is_echo_reply(packet)

        answered = self._ask(request, is_reply) is not None
        reason = f"ICMP echo request to {ip}: {'answered' if answered else 'no answer'}"
        if not answered and "0.0.0.0" in asks:
            reason += "; it asks by ARP who the bench is, with the sender address 0.0.0.0 and not its own"
        return Finding(answered, reason)

    def _fragments(self) -> Finding:
        whole = bytes(ICMP(id=ECHO_ID) / Raw(bytes(40)))
        for start, more in ((0, "MF"), (24, 0)):
            piece = whole[start : 24 if more else None]
            self.board.wire.send(IP(id=1, proto=1, frag=start // 8, flags=more) / piece)
        seen = self.board.wire.sniff(count=1, timeout=TIMEOUT, lfilter=is_echo_reply)
        whole_came = bool(seen) and len(bytes(seen[0][ICMP])) >= len(whole)
        came = "answered" if whole_came else "one of them answered alone" if seen else "no answer"
        return Finding(whole_came, f"ICMP echo request in two fragments: {came}")

    def _ipv6(self) -> Finding:
        ip6 = self.board.ip6
        request = IPv6(dst=ip6) / ICMPv6EchoRequest(id=ECHO_ID, data=b"there?")
        answered = self._ask(request, lambda packet: ICMPv6EchoReply in packet) is not None
        return Finding(answered, f"ICMPv6 echo request to {ip6}: {'answered' if answered else 'no answer'}")

    def _udp(self) -> Finding:
        request = (
            IP(dst=self.board.ip) / UDP(sport=self.board.wire.take_port(), dport=UNUSED_PORT) / b"there?"
        )

        def is_report(packet: Packet) -> bool:
            return UDP in packet or (ICMP in packet and packet[ICMP].type == 3)

        answered = self._ask(request, is_report) is not None
        return Finding(answered, f"datagram to port {UNUSED_PORT}: {'reported' if answered else 'no answer'}")

    def _syn(self, port: int) -> Packet | None:
        source = self.board.wire.take_port()
        request = IP(dst=self.board.ip) / TCP(sport=source, dport=port, seq=1000, flags="S")
        return self._ask(request, lambda packet: TCP in packet and packet[TCP].dport == source)

    def _tcp(self) -> Finding:
        answer = self._syn(UNUSED_PORT) or self._syn(ECHO_PORT)
        came = "answered" if answer is not None else "no answer"
        return Finding(answer is not None, f"SYN to ports {UNUSED_PORT} and {ECHO_PORT}: {came}")

    def _port(self, port: int) -> Finding:
        answer = self._syn(port)
        if answer is None:
            return Finding(False, f"SYN to port {port}: no answer")
        accepted = bool(answer[TCP].flags & 0x12 == 0x12)
        return Finding(accepted, f"SYN to port {port}: {'accepted' if accepted else 'refused'}")

    def _websocket(self) -> Finding:
        return self._upgrade(ECHO_PORT, echo=True)

    def _servers(self) -> Finding:
        for port, protocol in SERVERS.items():
            found = self._upgrade(port, [protocol] if protocol else [])
            if not found.offered:
                return found
        return Finding(True, "ports 8080, 8081 and 8082 complete the upgrade")

    def _upgrade(self, port: int, protocols: Iterable[str] = (), *, echo: bool = False) -> Finding:
        open_port = self.find(f"tcp:{port}")
        if not open_port.offered:
            return open_port
        try:
            with Peer(self.board.wire, port=port, timeout=TIMEOUT) as peer:
                peer.upgrade("/", list(protocols))
                if echo:
                    peer.echo("there?")
                peer.reset()
        except (PeerError, TcpError) as error:
            return Finding(False, f"no WebSocket on port {port}: {' '.join(str(error).split())}")
        return Finding(True, f"port {port} completes the upgrade")


def is_echo_reply(packet: Packet) -> bool:
    """Whether a packet answers one of the echo requests from here."""
    return ICMP in packet and packet[ICMP].type == 0 and packet[ICMP].id == ECHO_ID


def check(need: str) -> str:
    """The name of a capability. Raises UserError for a name that is none."""
    port = PORT.fullmatch(need)
    if need in set(Capability) or (port is not None and int(port[2]) < 65536):
        return need
    names = ", ".join([*Capability, "tcp:PORT", "websocket:PORT"])
    raise UserError(f"there is no capability {need!r}", f"the capabilities are: {names}")


def ask_mac(board: Board) -> str | None:
    """The MAC address that the board tells for its IPv4 address; None if it answers no ARP request.

    Runs the board. Raises GuestFault.
    """
    board.wire.send(Ether(dst=BROADCAST_MAC) / ARP(op=1, pdst=board.ip))
    seen = board.wire.sniff(
        count=1,
        timeout=TIMEOUT,
        lfilter=lambda packet: ARP in packet and packet[ARP].op == 2 and packet[ARP].psrc == board.ip,
    )
    return str(seen[0][ARP].hwsrc) if seen else None
