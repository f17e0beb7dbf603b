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

Where the data sheet is silent the model decides:

- SO carries 0 while an instruction has nothing to say; a WCR, BFS or BFC takes one byte and ignores more.
- BFS and BFC of a MAC or MII register do nothing and are reported as accesses to what is not there.
- RXRST forgets the packets that are pending: their place in the buffer is lost with it.
- A link partner that is plugged in is there at once, without the time of link pulses.
- The fragment of a cancelled packet reaches the wire, as a frame with a wrong FCS.
- EFLOCON.FCEN 10 repeats the PAUSE frame when the time of the last one has run out.
"""

from emulation.quark.enc28j60.chip import Enc28j60

__all__ = ["Enc28j60"]
