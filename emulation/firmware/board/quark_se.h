/*
 * Registers of the Intel Quark SE C1000 that the firmware touches, by their data sheet names
 * ("Intel Quark SE Microcontroller C1000 Datasheet", chapters Memory Map, SPI, UART, GPIO, Interrupts).
 *
 * Only 32-bit accesses are used: that is what the bus fabric of the SoC and every model of it accept.
 */
#ifndef QUARK_SE_H
#define QUARK_SE_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define SYSTEM_CLOCK_HZ 32000000u

/* Interrupt lines of the I/O APIC. */
#define IRQ_UART_B 6
#define IRQ_GPIO   8

/*
 * Interrupt vectors. The upper four bits are the priority class; all three share one, so that a handler is
 * never interrupted by another one and a few hundred bytes of interrupt stack are enough.
 */
#define VECTOR_TIMER    0x21
#define VECTOR_CONSOLE  0x22
#define VECTOR_GPIO     0x23
#define VECTOR_SPURIOUS 0x2f
#define VECTOR_COUNT    0x30

/* Local APIC. */
#define LAPIC_BASE           0xfee00000u
#define LAPIC_EOI            REG32(LAPIC_BASE + 0x0b0)
#define LAPIC_SVR            REG32(LAPIC_BASE + 0x0f0)
#define LAPIC_LVT_TIMER      REG32(LAPIC_BASE + 0x320)
#define LAPIC_INITIAL_COUNT  REG32(LAPIC_BASE + 0x380)
#define LAPIC_DIVIDE         REG32(LAPIC_BASE + 0x3e0)
#define LAPIC_SVR_ENABLE     (1u << 8)
#define LAPIC_LVT_MASKED     (1u << 16)
#define LAPIC_DIVIDE_BY_16   3u

/* I/O APIC. */
#define IOAPIC_BASE          0xfec00000u
#define IOAPIC_SELECT        REG32(IOAPIC_BASE + 0x00)
#define IOAPIC_WINDOW        REG32(IOAPIC_BASE + 0x10)
#define IOAPIC_RTE_LOW(irq)  (0x10u + 2 * (irq))
#define IOAPIC_RTE_HIGH(irq) (0x11u + 2 * (irq))

/* UART B: a 16550 with its registers four bytes apart. */
#define UART_B_BASE 0xb0002400u
#define UART_RBR    REG32(UART_B_BASE + 0x00)
#define UART_THR    REG32(UART_B_BASE + 0x00)
#define UART_DLL    REG32(UART_B_BASE + 0x00)
#define UART_IER    REG32(UART_B_BASE + 0x04)
#define UART_DLH    REG32(UART_B_BASE + 0x04)
#define UART_FCR    REG32(UART_B_BASE + 0x08)
#define UART_LCR    REG32(UART_B_BASE + 0x0c)
#define UART_LSR    REG32(UART_B_BASE + 0x14)
#define UART_IER_ERBFI      (1u << 0)
#define UART_FCR_FIFO_RESET 0x07u /* enable, clear both, receive trigger at one character */
#define UART_LCR_8N1        0x03u
#define UART_LCR_DLAB       (1u << 7)
#define UART_LSR_DR         (1u << 0)
#define UART_LSR_THRE       (1u << 5)
#define UART_LSR_TEMT       (1u << 6)
#define UART_FIFO_DEPTH     16

/* GPIO block, pins 0 to 31 (DesignWare APB GPIO). */
#define GPIO_BASE      0xb0000c00u
#define GPIO_DR        REG32(GPIO_BASE + 0x00)
#define GPIO_DDR       REG32(GPIO_BASE + 0x04)
#define GPIO_INTEN     REG32(GPIO_BASE + 0x30)
#define GPIO_INTMASK   REG32(GPIO_BASE + 0x34)
#define GPIO_INTTYPE   REG32(GPIO_BASE + 0x38)
#define GPIO_POLARITY  REG32(GPIO_BASE + 0x3c)
#define GPIO_EOI       REG32(GPIO_BASE + 0x4c)

/* SPI master 1 (DesignWare SSI). */
#define SPI1_BASE    0xb0001400u
#define SPI_CTRLR0   REG32(SPI1_BASE + 0x00)
#define SPI_SSIENR   REG32(SPI1_BASE + 0x08)
#define SPI_SER      REG32(SPI1_BASE + 0x10)
#define SPI_BAUDR    REG32(SPI1_BASE + 0x14)
#define SPI_RXFLR    REG32(SPI1_BASE + 0x24)
#define SPI_SR       REG32(SPI1_BASE + 0x28)
#define SPI_IMR      REG32(SPI1_BASE + 0x2c)
#define SPI_DR       REG32(SPI1_BASE + 0x60)
#define SPI_CTRLR0_FRAME_8BIT (7u << 16)
#define SPI_CTRLR0_TX_ONLY    (1u << 8)
#define SPI_SR_BUSY (1u << 0)
#define SPI_SR_TFE  (1u << 2)
#define SPI_SR_RFNE (1u << 3)
#define SPI_FIFO_DEPTH 8

/* System control subsystem: the always-on counter (AONC_CNT), which counts up from an arbitrary value. */
#define SCSS_AON_COUNTER    REG32(0xb0800700u)

/* Its reset control: a warm reset leaves what SRAM holds. */
#define SCSS_RSTC           REG32(0xb0800570u)
#define SCSS_RSTC_WARM      (1u << 1)

#endif
