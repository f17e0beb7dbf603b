/* ENC28J60 over that SPI driver; register names of DS39662. Receive buffer 0x0000 to 0x17FF, transmit buffer
 * behind it. */
#include "board.h"

#define BANK(b) ((b) << 5)
#define EIE 0x1B
#define ESTAT 0x1D
#define ECON2 0x1E
#define ECON1 0x1F
#define ERDPT (BANK(0) | 0x00)
#define EWRPT (BANK(0) | 0x02)
#define ETXST (BANK(0) | 0x04)
#define ETXND (BANK(0) | 0x06)
#define ERXST (BANK(0) | 0x08)
#define ERXND (BANK(0) | 0x0A)
#define ERXRDPT (BANK(0) | 0x0C)
#define ERXFCON (BANK(1) | 0x18)
#define EPKTCNT (BANK(1) | 0x19)
#define MACON1 (BANK(2) | 0x00)
#define MACON3 (BANK(2) | 0x02)
#define MABBIPG (BANK(2) | 0x04)
#define MAIPG (BANK(2) | 0x06)
#define MAMXFL (BANK(2) | 0x0A)
#define MICMD (BANK(2) | 0x12)
#define MIREGADR (BANK(2) | 0x14)
#define MIRD (BANK(2) | 0x18)
#define MAADR5 (BANK(3) | 0x00)
#define MAADR3 (BANK(3) | 0x02)
#define MAADR1 (BANK(3) | 0x04)
#define MISTAT (BANK(3) | 0x0A)

#define RX_END 0x17FF
#define TX_START 0x1800

static uint16_t next_packet;

static void command(uint8_t opcode, uint8_t reg, uint8_t value)
{
    uint8_t out[2] = {opcode | (reg & 0x1F), value}, in[1];
    spi_transfer(out, 2, in, 0);
}

static void select(uint8_t reg)
{
    if ((reg & 0x1F) < EIE) {
        command(0xA0, ECON1, 3);
        command(0x80, ECON1, reg >> 5);
    }
}

static void set(uint8_t reg, uint8_t value)
{
    select(reg);
    command(0x40, reg, value);
}

static void set16(uint8_t reg, uint16_t value)
{
    set(reg, value);
    set(reg + 1, value >> 8);
}

static uint8_t get(uint8_t reg)
{
    uint8_t out[1] = {reg & 0x1F}, in[2];
    bool dummy = reg >= MACON1 && (reg & 0x1F) < EIE; /* MAC and MII registers shift a dummy byte first */
    select(reg);
    spi_transfer(out, 1, in, dummy ? 2 : 1);
    return in[dummy];
}

void enc28j60_interrupts(bool on) { command(on ? 0x80 : 0xA0, EIE, 0x80); }

static uint16_t phy(uint8_t reg)
{
    set(MIREGADR, reg);
    set(MICMD, 1);
    while (get(MISTAT) & 1) {
    }
    set(MICMD, 0);
    return get(MIRD) | get(MIRD + 1) << 8;
}

bool enc28j60_init(const uint8_t mac[6])
{
    static const uint8_t reset[1] = {0xFF};
    uint8_t in[1];
    spi_transfer(reset, 1, in, 0);
    for (uint32_t until = ticks + 2; ticks < until;) {
    }
    while (!(get(ESTAT) & 1)) {
    }
    set16(ERXST, 0);
    set16(ERXND, RX_END);
    set16(ERXRDPT, RX_END);
    set(ERXFCON, 0xA1); /* unicast, broadcast, right CRC */
    set(MACON1, 0x0D);
    set(MACON3, 0x33); /* pad to 60, CRC, frame length check, full duplex */
    set16(MAMXFL, 1518);
    set(MABBIPG, 0x15);
    set16(MAIPG, 0x0C12);
    set(MAADR1, mac[0]);
    set(MAADR1 + 1, mac[1]);
    set(MAADR3, mac[2]);
    set(MAADR3 + 1, mac[3]);
    set(MAADR5, mac[4]);
    set(MAADR5 + 1, mac[5]);
    command(0x80, EIE, 0xC0); /* INTIE, PKTIE */
    command(0x80, ECON1, 0x04);
    return get(MAADR1) == mac[0] && phy(2) == 0x0083 && phy(0x11) & 1u << 10; /* PHID1, link up */
}

size_t enc28j60_receive(uint8_t *frame, size_t room)
{
    static const uint8_t read[1] = {0x3A};
    uint8_t header[6];
    size_t size;
    if (!get(EPKTCNT)) {
        return 0;
    }
    set16(ERDPT, next_packet);
    spi_transfer(read, 1, header, sizeof header);
    next_packet = header[0] | header[1] << 8;
    size = (header[2] | header[3] << 8) - 4;
    spi_transfer(read, 1, frame, size < room ? size : room);
    set16(ERXRDPT, next_packet ? next_packet - 1 : RX_END); /* odd, as the erratum demands */
    command(0x80, ECON2, 0x40);
    return size < room ? size : room;
}

void enc28j60_send(const uint8_t *frame, size_t size)
{
    static uint8_t out[1520];
    uint8_t in[1];
    set16(EWRPT, TX_START);
    out[0] = 0x7A;
    out[1] = 0;
    for (size_t i = 0; i < size; i++) {
        out[i + 2] = frame[i];
    }
    spi_transfer(out, size + 2, in, 0);
    set16(ETXST, TX_START);
    set16(ETXND, TX_START + size);
    command(0x80, ECON1, 0x08);
    while (get(ECON1) & 0x08) {
    }
}
