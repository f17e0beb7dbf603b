/* Driver of the ENC28J60 Ethernet controller, on the board's SPI bus. Single-threaded: call it from the main loop. */
#ifndef ENC28J60_H
#define ENC28J60_H

#include <stdbool.h>
#include <stdint.h>

struct enc28j60_counters {
    uint32_t received;
    uint32_t sent;
    uint32_t foreign;      /* unicast for someone else */
    uint32_t bad_length;   /* receive status says so, or the length cannot be */
    uint32_t overruns;     /* receive buffer was full: frames lost by the controller */
    uint32_t resyncs;      /* receive ring found inconsistent and restarted */
    uint32_t tx_timeouts;  /* a frame did not leave in time and was given up */
};

extern struct enc28j60_counters enc28j60_counters;

void enc28j60_init(const uint8_t mac[6]);

/*
 * The next received frame: true if there is one. `*length` is without FCS. Read it with enc28j60_read, as far as it
 * is wanted, then call enc28j60_receive_end. Bounded work: gives false after the frames that had arrived when the
 * receive queue was last looked at.
 */
bool enc28j60_receive_begin(uint16_t *length);
void enc28j60_read(uint8_t *data, uint16_t length);
void enc28j60_receive_end(void);

/* Interrupts of the controller off while its queue is emptied, and on again. */
void enc28j60_irq_hold(void);
void enc28j60_irq_release(void);

/* Send a frame of `length` bytes, without FCS: begin, write pieces, end. False: the transmitter is stuck. */
bool enc28j60_send_begin(uint16_t length);
void enc28j60_write(const uint8_t *data, uint16_t length);
void enc28j60_send_end(void);

#endif
