/* DesignWare SSI, interrupt-driven: thresholds on both FIFOs, ISR and IMR and SER as bytes, BAUDR and CTRLR1 as
 * half words; chip select ends with SSIENR. */
#include "board.h"

#define CTRLR0 (SPI + 0x00)
#define CTRLR1 (SPI + 0x04)
#define SSIENR (SPI + 0x08)
#define SER (SPI + 0x10)
#define BAUDR (SPI + 0x14)
#define TXFTLR (SPI + 0x18)
#define RXFTLR (SPI + 0x1C)
#define TXFLR (SPI + 0x20)
#define RXFLR (SPI + 0x24)
#define IMR (SPI + 0x2C)
#define ISR (SPI + 0x30)
#define TXOICR (SPI + 0x38)
#define RXOICR (SPI + 0x3C)
#define RXUICR (SPI + 0x40)
#define DR (SPI + 0x60)

#define TXE 0x01
#define ERRORS 0x0E
#define RXF 0x10
#define DEPTH 8
#define THRESHOLD 5

volatile uint32_t spi_errors, spi_interrupts;
static struct {
    const uint8_t *out;
    uint8_t *in;
    size_t out_count, total, sent, got;
    volatile bool done;
} job;

static void set_threshold(void)
{
    size_t left = job.total - job.got;
    w32(RXFTLR, left > THRESHOLD ? THRESHOLD : left - 1);
}

static void push(void)
{
    size_t room = DEPTH - r32(TXFLR) - r32(RXFLR);
    for (; room && job.sent < job.total; room--, job.sent++) {
        w32(DR, job.sent < job.out_count ? job.out[job.sent] : 0);
    }
    if (job.sent == job.total) {
        w8(IMR, r8(IMR) & ~TXE);
    }
}

static void pull(void)
{
    while (r32(RXFLR)) {
        uint8_t byte = r32(DR);
        if (job.got >= job.out_count) {
            job.in[job.got - job.out_count] = byte;
        }
        job.got++;
    }
    if (job.got < job.total) {
        set_threshold();
    }
}

void spi_isr(void)
{
    uint8_t status = r8(ISR);
    spi_interrupts++;
    if (status & ERRORS) {
        spi_errors++;
        r32(TXOICR);
        r32(RXOICR);
        r32(RXUICR);
    }
    if (status & RXF) {
        pull();
    }
    if (status & TXE) {
        push();
    }
    if (job.got == job.total) {
        w8(IMR, 0);
        w32(SSIENR, 0);
        job.done = true;
    }
}

void spi_init(void)
{
    w32(SSIENR, 0);
    w8(IMR, 0);
    w32(CTRLR0, 7u << 16); /* 8 bits, transmit and receive */
    w16(CTRLR1, 0);
    w16(BAUDR, 8);
    w8(SER, 1);
    w32(TXFTLR, THRESHOLD);
}

void spi_transfer(const uint8_t *out, size_t out_count, uint8_t *in, size_t in_count)
{
    job.out = out;
    job.in = in;
    job.out_count = out_count;
    job.total = out_count + in_count;
    job.sent = job.got = 0;
    job.done = false;
    set_threshold();
    w8(IMR, 0x1F);
    w32(SSIENR, 1);
    while (!job.done) {
        sleep_unless(&job.done);
    }
}
