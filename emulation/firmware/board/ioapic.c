/* I/O APIC: which interrupt line gives which vector. */
#include "interrupts.h"
#include "quark_se.h"

/*
 * Edge-triggered, active high, fixed delivery to APIC id 0, unmasked. Call it before the device may raise the
 * line, and leave it unmasked: an edge that comes while masked is lost. The entry is written, never read, since
 * reading one before its first write is more than some models survive.
 */
void ioapic_route(unsigned irq, unsigned vector) {
    IOAPIC_SELECT = IOAPIC_RTE_HIGH(irq);
    IOAPIC_WINDOW = 0;
    IOAPIC_SELECT = IOAPIC_RTE_LOW(irq);
    IOAPIC_WINDOW = vector;
}
