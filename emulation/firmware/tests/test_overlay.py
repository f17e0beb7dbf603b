from __future__ import annotations

import re
from pathlib import Path

import pytest

from emulation.errors import UserError
from emulation.firmware.build import HERE, BuildResult, build
from emulation.firmware.sources import get_sources

DRIVER = "firmware/net/enc28j60.c"
STACK = "lwip/src/core/ipv4/icmp.c"


def compiled(out: Path) -> set[str]:
    # Anywhere in a line: what runs beside the compiler writes its lines in pieces.
    return {Path(name).name for name in re.findall(r"CC (\S+)", (out / "build.log").read_text())}


def test_sources_that_read_as_they_are_give_the_same_firmware(firmware: BuildResult, tmp_path: Path) -> None:
    driver = (HERE / "net" / "enc28j60.c").read_text()
    stack = (get_sources().lwip / "src" / "core" / "ipv4" / "icmp.c").read_text()
    assert build(tmp_path / "out", overrides={DRIVER: driver, STACK: stack}).sha256 == firmware.sha256
    assert {"enc28j60.c", "icmp.c"} <= compiled(tmp_path / "out")
    assert "netif.c" not in compiled(tmp_path / "out")


def test_an_override_is_built_in_and_forgotten_when_it_is_given_no_more(
    firmware: BuildResult, tmp_path: Path
) -> None:
    driver = (HERE / "net" / "enc28j60.c").read_text()
    other = driver.replace("TX_WAIT_US     5000", "TX_WAIT_US     6000")
    out = tmp_path / "out"
    first = build(out, overrides={DRIVER: other})
    assert first.sha256 != firmware.sha256
    assert not build(out, overrides={DRIVER: other}).fresh
    assert build(out).sha256 == firmware.sha256


def test_what_includes_an_overridden_header_is_compiled_anew(firmware: BuildResult, tmp_path: Path) -> None:
    header = (
        (HERE / "net" / "lwipopts.h").read_text().replace("MEM_SIZE                6144", "MEM_SIZE 6140")
    )
    assert build(tmp_path / "out", overrides={"firmware/net/lwipopts.h": header}).sha256 != firmware.sha256
    assert {"mem.c", "modlwip.c", "netif.c"} <= compiled(tmp_path / "out")
    assert "vm.c" not in compiled(tmp_path / "out")


def test_a_frozen_module_can_be_overridden(firmware: BuildResult, tmp_path: Path) -> None:
    built = build(tmp_path / "out", overrides={"ws_server/masking.py": "apply_mask = None\n"})
    assert built.sha256 != firmware.sha256
    assert built.sizes.banks[1].used < firmware.sizes.banks[1].used


@pytest.mark.parametrize("name", ["firmware/net/nothing.c", "lwip/nothing.c", "linux/init/main.c", "netif.c"])
@pytest.mark.usefixtures("firmware")
def test_a_source_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=f"there is no source {name}"):
        build(tmp_path / "out", overrides={name: ""})
