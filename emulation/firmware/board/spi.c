/*
 * SPI master 1, polled, 8-bit frames, mode 0.
 *
 * The controller's own slave select falls back whenever its transmit FIFO runs dry, so the shield's select is a
 * GPIO. Emulators that do not look at that pin take SSIENR's 1 -> 0 as the end of the transaction; both are driven.
 *
 * A transaction that only writes runs in "transmit only" mode, where nothing lands in the receive FIFO and whole
 * FIFO loads can be written without looking back.
 */
#include "board.h"
#include "chip.h"
#include "quark_se.h"

enum {
    CLOCK_DIVIDER = 2, /* 16 MHz; the ENC28J60 takes up to 20 MHz */
    SPIN_LIMIT = 10000, /* a FIFO load takes 4 us */
};

void spi_init(void) {
    SPI_SSIENR = 0;
    SPI_IMR = 0; /* the mask's reset value lets the transmit-empty interrupt through */
    SPI_CTRLR0 = SPI_CTRLR0_FRAME_8BIT;
    SPI_BAUDR = CLOCK_DIVIDER;
    SPI_SER = 1;
}

static uint32_t current_mode;

static void spi_start(uint32_t mode) {
    if (mode != current_mode) {
        SPI_CTRLR0 = SPI_CTRLR0_FRAME_8BIT | mode;
        current_mode = mode;
    }
    gpio_ethernet_select(true);
    SPI_SSIENR = 1;
}

void board_spi_select_write_only(void) {
    spi_start(SPI_CTRLR0_TX_ONLY);
}

void board_spi_select(void) {
    spi_start(0);
}

static void spi_wait_sent(void) {
    for (unsigned spins = 0; spins < SPIN_LIMIT; ++spins) {
        if ((SPI_SR & (SPI_SR_TFE | SPI_SR_BUSY)) == SPI_SR_TFE) {
            return;
        }
    }
}

/* After board_spi_select_write_only. */
void board_spi_write(const uint8_t *data, size_t length) {
    while (length > 0) {
        size_t burst = length < SPI_FIFO_DEPTH ? length : SPI_FIFO_DEPTH;
        length -= burst;
        while (burst-- > 0) {
            SPI_DR = *data++;
        }
        spi_wait_sent();
    }
}

/*
 * After board_spi_select. Exchange: what is in `data` goes out, what comes back replaces it. Never more than a FIFO
 * load is under way, since the receive FIFO is no deeper.
 */
void board_spi_read(uint8_t *data, size_t length) {
    while (length > 0) {
        size_t burst = length < SPI_FIFO_DEPTH ? length : SPI_FIFO_DEPTH;
        length -= burst;
        for (size_t i = 0; i < burst; ++i) {
            SPI_DR = data[i];
        }
        for (unsigned spins = 0; SPI_RXFLR < burst && spins < SPIN_LIMIT; ++spins) {
        }
        while (burst-- > 0) {
            *data++ = (uint8_t)SPI_DR;
        }
    }
}

/* Disabling the controller also empties its FIFOs. */
void board_spi_deselect(void) {
    SPI_SSIENR = 0;
    gpio_ethernet_select(false);
}
