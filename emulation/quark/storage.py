"""A block of registers that keep what is written to them and do nothing else."""

from __future__ import annotations

from emulation.quark.peripheral import Line, Peripheral


class Storage(Peripheral):
    """Stands for a block whose function no test needs, but whose registers drivers read back."""

    SIZE = 0x100
    STATE = ("values",)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.irq = Line(f"{name}.irq")
        """Never driven."""
        self.values = bytearray(self.SIZE)

    def reset(self) -> None:
        """All zero."""
        self.values[:] = bytes(self.SIZE)

    def read(self, offset: int, width: int) -> int:
        """What was written."""
        return int.from_bytes(self.values[offset : offset + width], "little")

    def write(self, offset: int, width: int, value: int) -> None:
        """Keep `value`."""
        self.values[offset : offset + width] = (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")
