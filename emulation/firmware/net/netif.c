/* The Ethernet interface between lwIP and the ENC28J60 driver. */
#include <string.h>

#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/init.h"
#include "lwip/mem.h"
#include "lwip/mld6.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/stats.h"
#include "netif/ethernet.h"
#include "lwip/timeouts.h"

#include "board.h"
#include "enc28j60.h"
#include "net.h"
#include "reserve.h"

#define ETHERNET_MTU 1500

/* How many rounds of received frames are dealt with before Python gets its turn again. */
#define ROUNDS_PER_POLL 4

static const uint8_t mac_address[6] = { 0x00, 0x00, 0x5e, 0x00, 0x53, 0x01 };

static struct netif ethernet;

static err_t ethernet_send(struct netif *netif, struct pbuf *p) {
    if (!enc28j60_send_begin(p->tot_len)) {
        LINK_STATS_INC(link.lenerr);
        return ERR_IF;
    }
    for (struct pbuf *q = p; q != NULL; q = q->next) {
        enc28j60_write(q->payload, q->len);
    }
    enc28j60_send_end();
    LINK_STATS_INC(link.xmit);
    (void)netif;
    return ERR_OK;
}

static err_t ethernet_init(struct netif *netif) {
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = ethernet_send;
    netif->mtu = ETHERNET_MTU;
    netif->hwaddr_len = sizeof mac_address;
    memcpy(netif->hwaddr, mac_address, sizeof mac_address);
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP
        | NETIF_FLAG_MLD6 | NETIF_FLAG_LINK_UP;
    enc28j60_init(mac_address);
    return ERR_OK;
}

/* The controller filters addresses, but not every emulation of it does. */
static bool for_us(const struct eth_addr *destination) {
    return (destination->addr[0] & 1) || memcmp(destination->addr, mac_address, sizeof mac_address) == 0;
}

static void receive_frame(uint16_t length) {
    struct eth_hdr header;
    enc28j60_read((uint8_t *)&header, sizeof header);
    if (!for_us(&header.dest)) {
        ++enc28j60_counters.foreign;
        enc28j60_receive_end();
        return;
    }
    if (header.type == PP_HTONS(ETHTYPE_ARP) && length < SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR) {
        /* lwIP trusts in the padding of Ethernet, and would read what the buffer held before. */
        LINK_STATS_INC(link.lenerr);
        enc28j60_receive_end();
        return;
    }
    struct pbuf *p = reserve_takes_frame(length) ? pbuf_alloc(PBUF_RAW, length, PBUF_POOL) : NULL;
    if (p == NULL) {
        LINK_STATS_INC(link.memerr);
        enc28j60_receive_end();
        return;
    }
    memcpy(p->payload, &header, sizeof header);
    uint16_t done = sizeof header;
    for (struct pbuf *q = p; q != NULL; q = q->next) {
        enc28j60_read((uint8_t *)q->payload + done, q->len - done);
        done = 0;
    }
    enc28j60_receive_end();
    LINK_STATS_INC(link.recv);
    board_entropy_add(length);
    if (ethernet.input(p, &ethernet) != ERR_OK) {
        pbuf_free(p);
    }
}

static bool receive_frames(void) {
    if (!board_event_take(BOARD_EVENT_ETHERNET)) {
        return false;
    }
    enc28j60_irq_hold();
    uint16_t length;
    while (enc28j60_receive_begin(&length)) {
        receive_frame(length);
    }
    /* What has arrived meanwhile pulls the pin low again: the next round begins with its interrupt. */
    enc28j60_irq_release();
    return true;
}

/*
 * lwIP asserts that the last block of its heap is never made shorter; but it does so itself with a segment that it cuts
 * to the window, if the segment fills the heap to its end. So that block is taken for good.
 */
static void take_end_of_heap(void) {
    enum { LAST = 32 }; /* with its administration and that of what lies before */
    void *others = mem_malloc(MEM_SIZE - LAST);
    mem_malloc(1);
    mem_free(others);
    lwip_stats.mem.max = lwip_stats.mem.used;
}

void net_init(void) {
    lwip_init();
    take_end_of_heap();

    ip4_addr_t address, mask, gateway;
    IP4_ADDR(&address, 192, 0, 2, 1);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    ip4_addr_set_zero(&gateway);
    netif_add(&ethernet, &address, &mask, &gateway, NULL, ethernet_init, ethernet_input);
    netif_set_default(&ethernet);

    netif_create_ip6_linklocal_address(&ethernet, 1);
    ip6_addr_t global;
    IP6_ADDR(&global, PP_HTONL(0x20010db8), 0, 0, PP_HTONL(1));
    netif_ip6_addr_set(&ethernet, 1, &global);
    netif_ip6_addr_set_state(&ethernet, 0, IP6_ADDR_PREFERRED);
    netif_ip6_addr_set_state(&ethernet, 1, IP6_ADDR_PREFERRED);
    netif_set_up(&ethernet);
}

bool net_poll(void) {
    bool worked = false;
    PBUF_CHECK_FREE_OOSEQ(); /* when the pool ran dry: give up what arrived out of order */
    for (unsigned round = 0; round < ROUNDS_PER_POLL && receive_frames(); ++round) {
        worked = true;
    }
    if (sys_timeouts_sleeptime() == 0) {
        sys_check_timeouts();
        /* Without connections no timer has anything to tell a socket. */
        worked = worked || tcp_active_pcbs != NULL;
    }
    return worked;
}

uint32_t net_sleep_time(void) {
    return sys_timeouts_sleeptime();
}

u32_t sys_now(void) {
    return board_milliseconds();
}
