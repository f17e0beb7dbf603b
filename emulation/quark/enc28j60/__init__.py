"""The ENC28J60 Ethernet controller of the shield: Microchip DS39662E, silicon revision B7.

    registers   the register map as data
    spi         SPI instructions
    chip        what the control registers do, INT pin: `Enc28j60`
    receive     frames from the wire into the circular buffer
    filters     which frames those are
    transmit    packets from the buffer to the wire, in real time; flow control
    ethernet    check sequence, checksum and status vectors, as functions of bytes
    phy         the PHY registers, the link, and the MII that reaches them
    dma         copies and checksums within the buffer; built-in self-test

Errata (DS80349C) are not emulated: the model does what the data sheet promises, and a driver's work-arounds
(ERXRDPT kept odd, the receive buffer at 0000h, TXRST before each packet) do no harm. Not modelled: collisions
and everything that only half duplex on a shared medium has, LEDs, CLKOUT, jabber, partial reception (RXBUSY).
"""

from emulation.quark.enc28j60.chip import Enc28j60

__all__ = ["Enc28j60"]
