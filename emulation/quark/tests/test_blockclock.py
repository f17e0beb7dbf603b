"""The instruction clock: compiled on first use, exact to the instruction, whatever shape the code has."""

from __future__ import annotations

from pathlib import Path

import pytest
import unicorn
from hypothesis import given, settings
from hypothesis import strategies as st

from emulation.errors import UserError
from emulation.quark import blockclock
from emulation.quark.blockclock import REASON_DEADLINE, BlockClock

CODE, DATA = 0x1000, 0x8000

# Position-independent pieces that fall through to what follows; ECX, ESI and EDI are theirs to use.
PIECES = [
    "43",  # inc ebx
    "90",  # nop
    "b903000000 49 75fd",  # mov ecx, 3; dec ecx; jnz
    "b905000000 bf00800000 f3aa",  # mov ecx, 5; mov edi, data; rep stosb
    "31c9 bf00800000 f3aa",  # a repeated instruction that does not repeat
    "e800000000 58",  # call next; pop eax
    "eb02 4343",  # jmp over two
    "50 9c 58 58",  # push eax; pushf; pop eax; pop eax
    "fb 90 fa",  # sti; nop; cli
    "f30f1efb",  # endbr32
    "0fb6c3 69c010270000",  # movzx; imul with a long immediate
    "8b0500800000 890504800000",  # loads and stores
]


def machine(code: bytes) -> unicorn.Uc:
    uc = unicorn.Uc(unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
    uc.mem_map(CODE, 0x2000)
    uc.mem_map(DATA, 0x1000)
    uc.reg_write(unicorn.x86_const.UC_X86_REG_ESP, DATA + 0x800)
    uc.mem_write(CODE, code)
    return uc


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_it_counts_what_a_hook_on_every_instruction_counts(pieces: list[str]) -> None:
    code = bytes.fromhex("".join(pieces)) + b"\xf4"
    oracle = machine(code)
    executed = []
    oracle.hook_add(unicorn.UC_HOOK_CODE, lambda _uc, address, _size, _user: executed.append(address))
    oracle.emu_start(CODE, 0xFFFFFFFF)
    uc = machine(code)
    clock = BlockClock(uc, [(CODE, CODE + 0x2000)])
    uc.emu_start(CODE, 0xFFFFFFFF)
    assert clock.state.cycles == len(executed)


def test_a_deadline_ends_the_slice_before_the_block_that_would_pass_it() -> None:
    uc = machine(bytes.fromhex("43 43 43 ebfb"))  # a loop of four instructions
    clock = BlockClock(uc, [(CODE, CODE + 0x2000)])
    clock.state.deadline = 10
    uc.emu_start(CODE, 0xFFFFFFFF)
    assert clock.state.reason == REASON_DEADLINE
    assert clock.state.cycles == 12
    assert uc.reg_read(unicorn.x86_const.UC_X86_REG_EBX) == 9


def test_the_compiled_hook_is_reused() -> None:
    first = blockclock.build()
    stamp = first.stat().st_mtime_ns
    assert blockclock.build() == first
    assert first.stat().st_mtime_ns == stamp


@pytest.mark.parametrize(
    ("compiler", "message"),
    [(None, "no C compiler"), ("false", "compiling blockclock.c failed")],
)
def test_without_a_working_compiler_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: str | None, message: str
) -> None:
    monkeypatch.setattr(blockclock, "compiled_folders", lambda: [])
    monkeypatch.setattr(blockclock, "cache_folder", lambda: tmp_path / "native")
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.delenv("CC", raising=False)
    if compiler:
        monkeypatch.setenv("CC", compiler)
    with pytest.raises(UserError, match=message) as caught:
        blockclock.build()
    assert "apt-get install gcc" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.rglob("*.so"))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(blockclock, "compiled_folders", lambda: [])
    monkeypatch.setattr(blockclock, "cache_folder", lambda: tmp_path / "file" / "native")
    with pytest.raises(UserError, match=r"cannot write .*native"):
        blockclock.build()


def test_who_may_only_read_a_checkout_uses_what_is_compiled_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = blockclock.build()
    monkeypatch.setattr(blockclock, "cache_folder", lambda: tmp_path / "native")
    assert blockclock.build() == compiled
    assert list(tmp_path.iterdir()) == []
