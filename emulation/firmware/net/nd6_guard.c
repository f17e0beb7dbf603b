/*
 * The rules of RFC 4861 by which a Neighbour Discovery message must be silently discarded and that lwIP does not check,
 * and of its options those that lwIP takes for what they are not. ld's --wrap puts this before nd6_input, where it
 * matters not what headers, or fragments, the message came in.
 */
#include <string.h>

#include "lwip/ip.h"
#include "lwip/nd6.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/nd6.h"

#include <stdbool.h>

enum {
    OPTION_UNIT = 8, /* of an option's length; a link-layer address option of Ethernet has one */
    SOURCE_LINK_LAYER = ND6_OPTION_TYPE_SOURCE_LLADDR,
    TARGET_LINK_LAYER = ND6_OPTION_TYPE_TARGET_LLADDR,
};

void __real_nd6_input(struct pbuf *p, struct netif *input);
void __wrap_nd6_input(struct pbuf *p, struct netif *input);

/* Size of a message up to its options, by ICMPv6 type; 0: not Neighbour Discovery. */
static u16_t fixed_part(u8_t type) {
    switch (type) {
        case ICMP6_TYPE_RA:
            return 16;
        case ICMP6_TYPE_NS:
        case ICMP6_TYPE_NA:
            return 24;
        case ICMP6_TYPE_RD:
            return 40;
        default:
            return 0;
    }
}

/* Where the first option of this type is, counted from the message's start; 0: there is none. */
static u16_t find_option(const struct pbuf *p, u16_t offset, u8_t type) {
    while (offset < p->tot_len) {
        if (pbuf_get_at(p, offset) == type) {
            return offset;
        }
        offset += pbuf_get_at(p, offset + 1) * OPTION_UNIT;
    }
    return 0;
}

/* Whether all options have a length, and end where the message does. */
static bool options_whole(const struct pbuf *p, u16_t offset) {
    while (offset < p->tot_len) {
        u16_t size = offset + 1 < p->tot_len ? pbuf_get_at(p, offset + 1) * OPTION_UNIT : 0;
        if (size == 0 || size > p->tot_len - offset) {
            return false;
        }
        offset += size;
    }
    return true;
}

/* Section 7.1.1: what lwIP says is to be done. */
static bool solicitation_valid(const struct pbuf *p, u16_t fixed) {
    return !ip6_addr_isany(ip6_current_src_addr())
        || (ip6_addr_issolicitednode(ip6_current_dest_addr()) && find_option(p, fixed, SOURCE_LINK_LAYER) == 0);
}

/* Section 7.1.2. */
static bool advertisement_valid(const struct pbuf *p) {
    const struct na_header *header = p->payload;
    return !ip6_addr_ismulticast(ip6_current_dest_addr()) || !(header->flags & ND6_FLAG_SOLICITED);
}

/* Section 8.1. Only the router that a destination's packets go to may send them elsewhere. */
static bool redirect_valid(const struct pbuf *p) {
    const struct redirect_header *header = p->payload;
    ip6_addr_t destination, target;
    ip6_addr_copy_from_packed(destination, header->destination_address);
    ip6_addr_assign_zone(&destination, IP6_UNICAST, ip_current_input_netif());
    ip6_addr_copy_from_packed(target, header->target_address);
    ip6_addr_assign_zone(&target, IP6_UNICAST, ip_current_input_netif());
    if (!ip6_addr_islinklocal(&target) && !ip6_addr_eq(&target, &destination)) {
        return false;
    }
    for (unsigned i = 0; i < LWIP_ND6_NUM_DESTINATIONS; ++i) {
        const struct nd6_destination_cache_entry *entry = &destination_cache[i];
        if (ip6_addr_eq(&entry->destination_addr, &destination)) {
            return ip6_addr_eq(&entry->next_hop_addr, ip6_current_src_addr());
        }
    }
    return false;
}

static bool valid(const struct pbuf *p, u8_t type, u16_t fixed) {
    if (p->len < fixed || !options_whole(p, fixed)) {
        return false;
    }
    switch (type) {
        case ICMP6_TYPE_NS:
            return solicitation_valid(p, fixed);
        case ICMP6_TYPE_NA:
            return advertisement_valid(p);
        case ICMP6_TYPE_RD:
            return redirect_valid(p);
        default:
            return true;
    }
}

/*
 * lwIP takes whatever option comes first for the link-layer address. So that one goes to the front, or else, if there
 * is none that fits Ethernet, no option is left.
 */
static void link_layer_first(struct pbuf *p, u16_t fixed, u8_t type) {
    u16_t offset = find_option(p, fixed, type);
    if (offset == 0 || pbuf_get_at(p, offset + 1) != 1 || offset + OPTION_UNIT > p->len) {
        pbuf_realloc(p, fixed);
        return;
    }
    u8_t *options = (u8_t *)p->payload + fixed;
    u8_t found[OPTION_UNIT];
    memcpy(found, options + offset - fixed, OPTION_UNIT);
    memmove(options + OPTION_UNIT, options, offset - fixed);
    memcpy(options, found, OPTION_UNIT);
}

void __wrap_nd6_input(struct pbuf *p, struct netif *input) {
    u8_t type = pbuf_get_at(p, 0);
    u16_t fixed = fixed_part(type);
    if (fixed != 0 && !valid(p, type, fixed)) {
        pbuf_free(p);
        return;
    }
    if (type == ICMP6_TYPE_NS) {
        link_layer_first(p, fixed, SOURCE_LINK_LAYER);
    } else if (type == ICMP6_TYPE_NA || type == ICMP6_TYPE_RD) {
        link_layer_first(p, fixed, TARGET_LINK_LAYER);
    }
    __real_nd6_input(p, input);
}
