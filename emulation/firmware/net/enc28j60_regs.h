/*
 * Microchip ENC28J60: SPI instructions, control registers and bits by their data sheet names (DS39662E, tables
 * 3-1, 3-2 and 4-1). A register is its address in the low five bits, its bank in bits 5 and 6, and bit 7 for the
 * MAC and MII registers, which answer a read one byte later.
 */
#ifndef ENC28J60_REGS_H
#define ENC28J60_REGS_H

/* SPI instruction set (table 4-1). */
#define RCR 0x00
#define RBM 0x3a
#define WCR 0x40
#define WBM 0x7a
#define BFS 0x80
#define BFC 0xa0
#define SRC 0xff

#define REG_ADDRESS(reg) ((reg) & 0x1f)
#define REG_BANK(reg)    ((reg) >> 5 & 3)
#define REG_IS_MAC(reg)  ((reg) & 0x80)
#define REG_COMMON       0x1b /* from here on registers are the same in all banks */

/* All banks. */
#define EIE   0x1b
#define EIR   0x1c
#define ESTAT 0x1d
#define ECON2 0x1e
#define ECON1 0x1f

/* Bank 0. */
#define ERDPTL   0x00
#define EWRPTL   0x02
#define ETXSTL   0x04
#define ETXNDL   0x06
#define ERXSTL   0x08
#define ERXNDL   0x0a
#define ERXRDPTL 0x0c

/* Bank 1. */
#define ERXFCON 0x38
#define EPKTCNT 0x39

/* Bank 2: MAC and MII. */
#define MACON1   0xc0
#define MACON3   0xc2
#define MACON4   0xc3
#define MABBIPG  0xc4
#define MAIPGL   0xc6
#define MAIPGH   0xc7
#define MAMXFLL  0xca
#define MAMXFLH  0xcb
#define MIREGADR 0xd4
#define MIWRL    0xd6
#define MIWRH    0xd7

/* Bank 3. */
#define MAADR5  0xe0
#define MAADR6  0xe1
#define MAADR3  0xe2
#define MAADR4  0xe3
#define MAADR1  0xe4
#define MAADR2  0xe5
#define MISTAT  0xea

/* EIE, EIR */
#define EIE_INTIE   0x80
#define EIE_PKTIE   0x40
#define EIE_RXERIE  0x01
#define EIR_RXERIF  0x01
/* ECON1 */
#define ECON1_TXRST 0x80
#define ECON1_RXRST 0x40
#define ECON1_TXRTS 0x08
#define ECON1_RXEN  0x04
#define ECON1_BSEL  0x03
/* ECON2 */
#define ECON2_AUTOINC 0x80
#define ECON2_PKTDEC  0x40
/* ERXFCON */
#define ERXFCON_UCEN  0x80
#define ERXFCON_CRCEN 0x20
#define ERXFCON_MCEN  0x02
#define ERXFCON_BCEN  0x01
/* MACON1 */
#define MACON1_TXPAUS 0x08
#define MACON1_RXPAUS 0x04
#define MACON1_MARXEN 0x01
/* MACON3 */
#define MACON3_PADCFG_60 0x20
#define MACON3_TXCRCEN   0x10
#define MACON3_FRMLNEN   0x02
#define MACON3_FULDPX    0x01
/* MACON4 */
#define MACON4_DEFER 0x40
/* MISTAT */
#define MISTAT_BUSY 0x01

/* PHY registers. */
#define PHCON1 0x00
#define PHCON2 0x10
#define PHLCON 0x14
#define PHCON1_PDPXMD 0x0100
#define PHCON2_HDLDIS 0x0100
#define PHLCON_LEDS   0x3472 /* LEDA link, LEDB activity, stretched */

/* Receive status vector (table 7-3), of which the first four bytes are used. */
#define RSV_SIZE   4
#define RSV_OK     0x80 /* third byte: received OK */

#endif
