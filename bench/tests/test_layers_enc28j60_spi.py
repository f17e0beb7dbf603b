"""SPI transactions against the data sheet's figures, the emulator's register map, and a booted board."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from bench import Board
from bench.layers.enc28j60_spi import REGISTERS, Enc28j60Spi, behind_mac, follow_banks
from bench.spi_trace import spi_trace
from bench.tests.elf import real_firmware
from bench.tests.fake_machine import FakeMachine
from emulation.errors import UserError
from emulation.quark.enc28j60 import registers as model

EXAMPLES = {  # DS39662E, figures 4-3 to 4-8: bytes to the chip, bytes from it
    "RCR of an ETH register": ("0000", "0005", Enc28j60Spi(opcode="RCR", argument=0, input=b"\x05", bank=0)),
    "RCR of a MAC register": (
        "0a0000",
        "000001",
        Enc28j60Spi(opcode="RCR", argument=0x0A, input=b"\x01", bank=3),
    ),
    "WCR": ("5f04", "0000", Enc28j60Spi(opcode="WCR", argument=0x1F, output=b"\x04")),
    "BFS": ("9f08", "0000", Enc28j60Spi(opcode="BFS", argument=0x1F, output=b"\x08")),
    "BFC": ("bf03", "0000", Enc28j60Spi(opcode="BFC", argument=0x1F, output=b"\x03")),
    "RBM": ("3a0000", "00abcd", Enc28j60Spi(opcode="RBM", input=b"\xab\xcd")),
    "WBM": ("7aabcd", "000000", Enc28j60Spi(opcode="WBM", output=b"\xab\xcd")),
    "SRC": ("ff", "00", Enc28j60Spi(opcode="SRC")),
}


@pytest.mark.parametrize(("mosi", "miso", "packet"), EXAMPLES.values(), ids=EXAMPLES.keys())
def test_the_figures_of_the_data_sheet_build_and_dissect(mosi: str, miso: str, packet: Enc28j60Spi) -> None:
    lines = bytes.fromhex(mosi), bytes.fromhex(miso)
    assert packet.lines() == lines
    dissected = Enc28j60Spi(bytes.fromhex(mosi + miso), bank=packet.bank)
    assert dissected.lines() == lines
    assert (dissected.opcode, dissected.data, dissected.register) == (
        packet.opcode,
        packet.data,
        packet.register,
    )


def test_register_names_and_dummy_bytes_are_those_of_the_emulators_map() -> None:
    reserved = {"MACON2", "MAPHSUP", "MICON"}  # of the data sheet's first edition
    named = {
        bank << 5 | address if address < model.COMMON else address: name
        for bank, names in enumerate(REGISTERS)
        for address, name in names.items()
    }
    assert named == {number: name for number, name in model.NAMES.items() if name not in reserved}
    for number, name in model.NAMES.items():
        if name not in reserved:
            assert behind_mac(number >> 5, number & 0x1F) == (number in model.MAC_MII), name


@given(st.binary(min_size=1, max_size=40), st.data(), st.sampled_from([None, 0, 1, 2, 3]))
def test_any_two_lines_dissect_and_build_the_same(mosi: bytes, data: st.DataObject, bank: int | None) -> None:
    miso = data.draw(st.binary(min_size=len(mosi), max_size=len(mosi)))
    packet = Enc28j60Spi(mosi + miso, bank=bank)
    assert packet.lines() == (mosi, miso)
    rebuilt = packet.copy()
    rebuilt.clear_cache()
    assert rebuilt.lines() == (mosi, miso)
    assert rebuilt.summary()


def test_banks_are_followed_and_what_is_not_known_is_not_guessed() -> None:
    def write(opcode: str, value: int) -> bytes:
        return Enc28j60Spi(opcode=opcode, argument=0x1F, output=bytes([value])).lines()[0]

    look = b"\x00\x00"
    words = [look, write("BFS", 1), look, write("BFC", 2), look, write("WCR", 2), look, b"\xff", look]
    packets = follow_banks((0.0, word, bytes(len(word))) for word in words)
    assert [packet.register for packet in packets if packet.opcode == 0] == [
        "?:00",
        "?:00",  # one bit is known
        "EHT0",
        "MACON1",
        "ERDPTL",
    ]


def test_the_summary_reads_like_a_drivers_source() -> None:
    shown = [
        Enc28j60Spi(opcode="BFS", argument=0x1F, output=b"\x08"),
        Enc28j60Spi(opcode="BFC", argument=0x1B, output=b"\x80"),
        Enc28j60Spi(opcode="WCR", argument=2, output=b"\x12", bank=0),
        Enc28j60Spi(opcode="RCR", argument=0x19, input=b"\x01", bank=1),
        Enc28j60Spi(opcode="RCR", argument=0x0D, bank=3),
        Enc28j60Spi(opcode="RBM", input=bytes(60)),
        Enc28j60Spi(opcode="SRC"),
    ]
    assert [packet.summary() for packet in shown] == [
        "BFS ECON1 |= 08",
        "BFC EIE &= ~80",
        "WCR EWRPTL = 12",
        "RCR EPKTCNT -> 01",
        "RCR 3:0D -> ",
        "RBM 60 bytes",
        "SRC",
    ]


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    with Board.boot(firmware=real_firmware()) as board:
        yield board


def test_a_boot_and_a_ping_dissect_completely_and_rebuild_byte_for_byte(board: Board) -> None:
    with spi_trace(board) as trace:
        board.uart.wait_for("listening", timeout=5)
        question = Ether(bytes(board.wire.sr1(IP() / ICMP() / b"over the SPI", timeout=1)))
    packets = trace.packets()
    assert packets[0].summary() == "SRC"
    for packet, (_, mosi, miso) in zip(packets, trace.transactions, strict=True):
        packet.clear_cache()
        assert packet.lines() == (mosi, miso)
        assert packet.register == "" or ":" not in packet.register, packet.summary()
    # The frames are in it: behind a status vector what was read, behind a control byte what was written.
    assert any(b"over the SPI" in packet.data for packet in packets if packet.opcode == 1)
    assert any(
        packet.data[1:] == bytes(question)[: len(packet.data) - 1] for packet in packets if packet.opcode == 3
    )
    mac = {packet.register: packet.data for packet in packets if packet.register.startswith("MAADR")}
    assert b"".join(mac[f"MAADR{n}"] for n in range(1, 7)).hex(":") == board.mac


def test_what_is_traced_does_not_change_what_the_board_does(board: Board) -> None:
    state = board.snapshot()

    def run() -> tuple[float, int]:
        board.restore(state)
        board.wire.sr1(IP() / ICMP() / b"same", timeout=1)
        return board.clock.now, board.instructions

    untraced = run()
    with spi_trace(board):
        traced = run()
    assert traced == untraced == run()


def test_an_engine_without_a_trace_says_so() -> None:
    with (
        pytest.raises(UserError, match="the engine fake does not show its SPI bus"),
        spi_trace(Board(FakeMachine())),
    ):
        pass
