/*
 * ENC28J60 driver, by the data sheet (DS39662E) and the silicon errata (DS80349C).
 *
 * It runs on the chip and on emulations of it that know only a part of it. What such emulations taught:
 * - bit field set and clear only for ETH registers (the data sheet asks for that anyway);
 * - ECON2 is written for PKTDEC alone once reception is on: any write may take a packet off the count;
 * - ESTAT is left alone, and nothing waits for a link, for TXIF or for a revision number;
 * - the address filter may let foreign unicast through, so the caller looks at the address again;
 * - a frame is sent once TXRTS reads 0, whatever the interrupt flags say.
 * Every wait has an end.
 */
#include "enc28j60.h"
#include "enc28j60_regs.h"
#include "board.h"

/*
 * Buffer memory, 8 KiB. The receive ring must begin at 0 (errata 5). Two transmit areas, so that a frame can be
 * written while the one before leaves; each holds the control byte, a frame of 1518 bytes and a status vector of 7.
 */
#define BUFFER_SIZE    0x2000
#define TX_AREA_SIZE   0x600
#define TX_AREAS       2
#define RX_START       0x0000
#define RX_END         (BUFFER_SIZE - TX_AREAS * TX_AREA_SIZE - 1)
#define TX_AREA(n)     (RX_END + 1 + (n) * TX_AREA_SIZE)

#define MAX_FRAME      1518 /* with FCS */
#define FCS_SIZE       4
#define MIN_FRAME      14

#define PHY_SPIN_LIMIT 1000
#define TX_WAIT_US     5000 /* a full frame takes 1.2 ms at 10 Mbit/s */

struct enc28j60_counters enc28j60_counters;

static uint8_t bank;
static uint16_t next_packet;   /* where the next receive status vector begins */
static uint8_t packets_known;  /* EPKTCNT less what has been taken since it was read */
static uint8_t tx_area;        /* the transmit area to be written next */
static uint16_t tx_length;

static void command(uint8_t opcode, uint8_t argument) {
    uint8_t bytes[2] = { opcode, argument };
    board_spi_select_write_only();
    board_spi_write(bytes, 2);
    board_spi_deselect();
}

static void select_bank(uint8_t reg) {
    if (REG_ADDRESS(reg) >= REG_COMMON || REG_BANK(reg) == bank) {
        return;
    }
    uint8_t wanted = REG_BANK(reg);
    uint8_t clear = bank & ~wanted;
    uint8_t set = wanted & ~bank;
    if (clear) {
        command(BFC | ECON1, clear);
    }
    if (set) {
        command(BFS | ECON1, set);
    }
    bank = wanted;
}

static void write_register(uint8_t reg, uint8_t value) {
    select_bank(reg);
    command(WCR | REG_ADDRESS(reg), value);
}

/* A pair of registers, low byte first: many take effect when the high byte is written. */
static void write_register_pair(uint8_t low, uint16_t value) {
    write_register(low, (uint8_t)value);
    write_register(low + 1, (uint8_t)(value >> 8));
}

static void set_bits(uint8_t reg, uint8_t bits) {
    select_bank(reg);
    command(BFS | REG_ADDRESS(reg), bits);
}

static void clear_bits(uint8_t reg, uint8_t bits) {
    select_bank(reg);
    command(BFC | REG_ADDRESS(reg), bits);
}

static uint8_t read_register(uint8_t reg) {
    select_bank(reg);
    uint8_t bytes[3] = { RCR | REG_ADDRESS(reg), 0, 0 };
    uint8_t size = REG_IS_MAC(reg) ? 3 : 2;
    board_spi_select();
    board_spi_read(bytes, size);
    board_spi_deselect();
    return bytes[size - 1];
}

static void write_phy(uint8_t reg, uint16_t value) {
    write_register(MIREGADR, reg);
    write_register_pair(MIWRL, value);
    for (unsigned spins = 0; spins < PHY_SPIN_LIMIT && (read_register(MISTAT) & MISTAT_BUSY); ++spins) {
    }
}

/* Errata 14: ERXRDPT must be odd, so it is kept one byte behind the next packet, which begins at an even address. */
static uint16_t read_limit(uint16_t next) {
    return next == RX_START ? RX_END : next - 1;
}

static void receive_start(void) {
    next_packet = RX_START;
    packets_known = 0;
    write_register_pair(ERXSTL, RX_START);
    write_register_pair(ERXNDL, RX_END);
    write_register_pair(ERXRDPTL, read_limit(RX_START));
}

void enc28j60_init(const uint8_t mac[6]) {
    uint8_t reset = SRC;
    board_spi_select_write_only();
    board_spi_write(&reset, 1);
    board_spi_deselect();
    board_sleep(1); /* errata 2: CLKRDY cannot be relied on after a soft reset */
    bank = 0;
    /* In case the controller was not reset along with us: */
    command(BFC | ECON1, ECON1_RXEN | ECON1_BSEL);
    command(BFC | EIE, EIE_INTIE | EIE_PKTIE | EIE_RXERIE);
    write_register(ECON2, ECON2_AUTOINC);

    receive_start();
    write_register(ERXFCON, ERXFCON_UCEN | ERXFCON_CRCEN | ERXFCON_MCEN | ERXFCON_BCEN);

    write_register(MACON1, MACON1_TXPAUS | MACON1_RXPAUS | MACON1_MARXEN);
    write_register(MACON3, MACON3_PADCFG_60 | MACON3_TXCRCEN | MACON3_FRMLNEN | MACON3_FULDPX);
    write_register(MACON4, MACON4_DEFER);
    write_register(MABBIPG, 0x15); /* the recommended gaps for full duplex, section 6.5 */
    write_register(MAIPGL, 0x12);
    write_register(MAIPGH, 0x0c);
    write_register(MAMXFLL, MAX_FRAME & 0xff);
    write_register(MAMXFLH, MAX_FRAME >> 8);
    write_register(MAADR1, mac[0]);
    write_register(MAADR2, mac[1]);
    write_register(MAADR3, mac[2]);
    write_register(MAADR4, mac[3]);
    write_register(MAADR5, mac[4]);
    write_register(MAADR6, mac[5]);

    write_phy(PHCON1, PHCON1_PDPXMD);
    write_phy(PHCON2, PHCON2_HDLDIS);
    write_phy(PHLCON, PHLCON_LEDS);

    board_ethernet_irq_enable();
    set_bits(EIE, EIE_INTIE | EIE_PKTIE | EIE_RXERIE);
    set_bits(ECON1, ECON1_RXEN);
}

/*
 * The interrupt pin goes high while INTIE is clear, and low again when it is set and something has arrived in
 * between: that gives the edge which an edge-triggered pin needs.
 */
void enc28j60_irq_hold(void) {
    clear_bits(EIE, EIE_INTIE);
    packets_known = read_register(EPKTCNT); /* PKTIF is not reliable (errata 6), the count is */
    if (packets_known == 0) {
        /* Not a packet, then: the receive buffer ran full at some time. */
        enc28j60_counters.overruns += read_register(EIR) & EIR_RXERIF;
        clear_bits(EIR, EIR_RXERIF);
    }
}

void enc28j60_irq_release(void) {
    set_bits(EIE, EIE_INTIE);
}

/* The ring cannot be trusted any more: drop what is in it and begin anew. */
static void receive_resync(void) {
    ++enc28j60_counters.resyncs;
    clear_bits(ECON1, ECON1_RXEN);
    set_bits(ECON1, ECON1_RXRST);
    clear_bits(ECON1, ECON1_RXRST);
    for (unsigned count = read_register(EPKTCNT); count > 0; --count) {
        set_bits(ECON2, ECON2_PKTDEC);
    }
    receive_start();
    set_bits(ECON1, ECON1_RXEN);
}

static void receive_done(void) {
    write_register_pair(ERXRDPTL, read_limit(next_packet));
    set_bits(ECON2, ECON2_PKTDEC);
}

bool enc28j60_receive_begin(uint16_t *length) {
    while (packets_known > 0) {
        --packets_known;
        write_register_pair(ERDPTL, next_packet);
        uint8_t opcode = RBM;
        uint8_t header[2 + RSV_SIZE] = { 0 };
        board_spi_select();
        board_spi_read(&opcode, 1);
        board_spi_read(header, sizeof header);
        uint16_t next = header[0] | header[1] << 8;
        uint16_t with_fcs = header[2] | header[3] << 8;
        if (next > RX_END || (next & 1)) {
            board_spi_deselect();
            receive_resync();
            return false;
        }
        next_packet = next;
        if ((header[4] & RSV_OK) && with_fcs >= MIN_FRAME + FCS_SIZE && with_fcs <= MAX_FRAME) {
            ++enc28j60_counters.received;
            *length = with_fcs - FCS_SIZE;
            return true;
        }
        ++enc28j60_counters.bad_length;
        board_spi_deselect();
        receive_done();
    }
    return false;
}

void enc28j60_read(uint8_t *data, uint16_t length) {
    board_spi_read(data, length);
}

void enc28j60_receive_end(void) {
    board_spi_deselect();
    receive_done();
}

/* Wait until the frame before has left. False: it did not, and was given up. */
static bool transmitter_idle(void) {
    uint32_t start = board_cycles();
    while (read_register(ECON1) & ECON1_TXRTS) {
        if (board_cycles() - start > TX_WAIT_US * 32) {
            ++enc28j60_counters.tx_timeouts;
            clear_bits(ECON1, ECON1_TXRTS);
            return false;
        }
    }
    return true;
}

bool enc28j60_send_begin(uint16_t length) {
    if (length > MAX_FRAME - FCS_SIZE) {
        return false;
    }
    tx_length = length;
    write_register_pair(EWRPTL, TX_AREA(tx_area));
    uint8_t start[2] = { WBM, 0 }; /* per packet control byte 0: as MACON3 says */
    board_spi_select_write_only();
    board_spi_write(start, 2);
    return true;
}

void enc28j60_write(const uint8_t *data, uint16_t length) {
    board_spi_write(data, length);
}

void enc28j60_send_end(void) {
    board_spi_deselect();
    transmitter_idle();
    /* Errata 12: the transmit logic may hang after an error and must be reset before each frame. */
    set_bits(ECON1, ECON1_TXRST);
    clear_bits(ECON1, ECON1_TXRST);
    write_register_pair(ETXSTL, TX_AREA(tx_area));
    write_register_pair(ETXNDL, TX_AREA(tx_area) + tx_length);
    set_bits(ECON1, ECON1_TXRTS);
    tx_area = (tx_area + 1) % TX_AREAS;
    ++enc28j60_counters.sent;
}
