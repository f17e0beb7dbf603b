/*
 * The ENC28J60 as Zephyr's Ethernet device, on the driver that the firmware without an operating system has, too. A
 * thread fetches received frames, Zephyr's own thread sends; a mutex keeps them apart.
 */
#include <zephyr.h>
#include <device.h>
#include <string.h>
#include <drivers/ioapic.h>
#include <net/ethernet.h>
#include <net/net_if.h>
#include <net/net_pkt.h>
#include <net/net_ip.h>

#include "board.h"
#include "chip.h"
#include "enc28j60.h"
#include "net.h"
#include "quark_se.h"
#include "sockets.h"

enum {
    MTU = 1500,
    ARP_SIZE = 14 + 28, /* of a frame */
    IRQ_PRIORITY = 2,
    /* Less urgent than the threads of the network stack, which so deal with each frame before the next is fetched. */
    RECEIVER_PRIORITY = K_PRIO_COOP(CONFIG_NUM_COOP_PRIORITIES - 1),
    POLL_INTERVAL_MS = 1000,
    RESERVED_PACKETS = 4,
    RESERVED_BUFFERS = 8,
    PAUSE_MS = 10,
    PATIENCE_MS = 100,
    DUPLICATES_MS = 500,
};

static const uint8_t mac_address[6] = { 0x00, 0x00, 0x5e, 0x00, 0x53, 0x01 };

static struct net_if *interface;
static K_SEM_DEFINE(frame_arrived, 0, 1);
static K_MUTEX_DEFINE(controller);
static K_THREAD_STACK_DEFINE(receiver_stack, CONFIG_BENCH_ETH_STACK_SIZE);
static struct k_thread receiver_thread;

static void pin_interrupt(void *unused) {
    ARG_UNUSED(unused);
    gpio_ethernet_acknowledge();
    k_sem_give(&frame_arrived);
}

/* The controller filters addresses, but not every emulation of it does. */
static bool for_us(const struct net_eth_hdr *header) {
    return (header->dst.addr[0] & 1) || memcmp(header->dst.addr, mac_address, sizeof mac_address) == 0;
}

/* How many bytes at the beginning of a frame tell what it is: the headers of Ethernet, IPv6 and TCP. */
enum { HEAD_SIZE = sizeof(struct net_eth_hdr) + sizeof(struct net_ipv6_hdr) + sizeof(struct net_tcp_hdr) };

/* Whether a frame is a segment of TCP with data. Any length is of what was received. */
static bool carries_data(const uint8_t *head, size_t length) {
    const uint8_t *ip = head + sizeof(struct net_eth_hdr);
    size_t ip_size, size;
    if (length < sizeof(struct net_eth_hdr) + sizeof(struct net_ipv4_hdr) + sizeof(struct net_tcp_hdr)) {
        return false;
    }
    if (ip[0] >> 4 == 4 && ip[9] == IPPROTO_TCP) {
        ip_size = 4 * (ip[0] & 15);
        size = ip[2] << 8 | ip[3];
    } else if (ip[0] >> 4 == 6 && ip[6] == IPPROTO_TCP) {
        ip_size = sizeof(struct net_ipv6_hdr);
        size = ip_size + (ip[4] << 8 | ip[5]);
    } else {
        return false;
    }
    if (sizeof(struct net_eth_hdr) + ip_size + sizeof(struct net_tcp_hdr) > MIN(length, HEAD_SIZE)) {
        return false; /* with options of IP: let Zephyr look at it */
    }
    return ip_size + 4 * (ip[ip_size + 12] >> 4) < size;
}

/*
 * The last packets are for what is dealt with at once: acknowledgements, resets, pings. Connections whose data nobody
 * fetches can hold the others, but they cannot make the board deaf. What is dropped here the peer sends again.
 */
static bool memory_is_short(void) {
    struct k_mem_slab *receive, *transmit;
    struct net_buf_pool *receive_data, *transmit_data;
    net_pkt_get_info(&receive, &transmit, &receive_data, &transmit_data);
    return k_mem_slab_num_free_get(receive) <= RESERVED_PACKETS || receive_data->avail_count <= RESERVED_BUFFERS;
}

/* A received frame as a packet; NULL if there is no memory for it, or if it is not for us. */
static struct net_pkt *fetch(uint16_t length) {
    union {
        uint8_t bytes[HEAD_SIZE];
        struct net_eth_hdr ethernet;
    } head;
    size_t size = MIN(length, sizeof head);
    enc28j60_read(head.bytes, size);
    if (!for_us(&head.ethernet)) {
        ++enc28j60_counters.foreign;
        return NULL;
    }
    if (head.ethernet.type == htons(NET_ETH_PTYPE_ARP) && length < ARP_SIZE) {
        return NULL; /* Zephyr trusts in the padding of Ethernet, and would read what the buffer held before */
    }
    if (memory_is_short() && carries_data(head.bytes, size)) {
        return NULL;
    }
    struct net_pkt *packet = net_pkt_rx_alloc_with_buffer(interface, length, AF_UNSPEC, 0, K_NO_WAIT);
    if (packet == NULL) {
        return NULL;
    }
    BUILD_ASSERT(CONFIG_NET_BUF_DATA_SIZE >= HEAD_SIZE);
    memcpy(net_buf_add(packet->buffer, size), head.bytes, size);
    uint16_t left = length - size;
    for (struct net_buf *buffer = packet->buffer; buffer != NULL && left > 0; buffer = buffer->frags) {
        uint16_t part = MIN(left, net_buf_tailroom(buffer));
        enc28j60_read(net_buf_add(buffer, part), part);
        left -= part;
    }
    if (left > 0) {
        net_pkt_unref(packet);
        return NULL;
    }
    return packet;
}

/*
 * When data wait for Python to fetch them, the controller's own memory is a place to wait as well. Python runs meanwhile;
 * but if it does not fetch them, others must not be kept waiting.
 */
static void await_memory(void) {
    static bool in_vain;
    if (!memory_is_short()) {
        in_vain = false;
        return;
    }
    k_mutex_unlock(&controller);
    for (unsigned waited = 0; memory_is_short() && !in_vain; waited += PAUSE_MS) {
        board_event_set(BOARD_EVENT_ETHERNET);
        k_sleep(PAUSE_MS);
        in_vain = waited >= PATIENCE_MS;
    }
    k_mutex_lock(&controller, K_FOREVER);
}

static void receive_all(void) {
    uint16_t length;
    k_mutex_lock(&controller, K_FOREVER);
    enc28j60_irq_hold();
    while (enc28j60_receive_begin(&length)) {
        struct net_pkt *packet = fetch(length);
        enc28j60_receive_end();
        if (packet == NULL) {
            continue;
        }
        board_entropy_add(length);
        k_mutex_unlock(&controller); /* or the answer could not leave */
        if (net_recv_data(interface, packet) < 0) {
            net_pkt_unref(packet);
        }
        k_yield();
        k_mutex_lock(&controller, K_FOREVER);
        await_memory();
    }
    /* What has arrived meanwhile pulls the pin low again: the next round begins with its interrupt. */
    enc28j60_irq_release();
    k_mutex_unlock(&controller);
}

static void receiver(void *one, void *two, void *three) {
    ARG_UNUSED(one);
    ARG_UNUSED(two);
    ARG_UNUSED(three);
    for (;;) {
        k_sem_take(&frame_arrived, K_FOREVER);
        receive_all();
        board_event_set(BOARD_EVENT_ETHERNET);
    }
}

static int send(struct device *device, struct net_pkt *packet) {
    ARG_UNUSED(device);
    k_mutex_lock(&controller, K_FOREVER);
    bool begun = enc28j60_send_begin((uint16_t)net_pkt_get_len(packet));
    if (begun) {
        for (struct net_buf *buffer = packet->buffer; buffer != NULL; buffer = buffer->frags) {
            enc28j60_write(buffer->data, buffer->len);
        }
        enc28j60_send_end();
    }
    k_mutex_unlock(&controller);
    return begun ? 0 : -EIO;
}

static enum ethernet_hw_caps capabilities(struct device *device) {
    ARG_UNUSED(device);
    return ETHERNET_LINK_10BASE_T;
}

static void interface_init(struct net_if *iface) {
    interface = iface;
    net_if_set_link_addr(iface, (uint8_t *)mac_address, sizeof mac_address, NET_LINK_ETHERNET);
    ethernet_init(iface); /* else requests for addresses of others carry no address of ours */
    k_thread_create(&receiver_thread, receiver_stack, CONFIG_BENCH_ETH_STACK_SIZE, receiver, NULL, NULL, NULL,
        RECEIVER_PRIORITY, 0, K_NO_WAIT);
}

static int device_init(struct device *device) {
    ARG_UNUSED(device);
    gpio_init();
    spi_init();
    /* By edge: the receiver thread, not the handler, makes the pin go high again. */
    IRQ_CONNECT(IRQ_GPIO, IRQ_PRIORITY, pin_interrupt, NULL, IOAPIC_EDGE | IOAPIC_HIGH);
    irq_enable(IRQ_GPIO);
    enc28j60_init(mac_address);
    return 0;
}

static const struct ethernet_api api = {
    .iface_api.init = interface_init,
    .get_capabilities = capabilities,
    .send = send,
};

ETH_NET_DEVICE_INIT(enc28j60, "ETH_0", device_init, NULL, NULL, CONFIG_ETH_INIT_PRIORITY, &api, MTU);

/* ---- net.h ---- */

void net_init(void) {
    struct in_addr address = { { { 192, 0, 2, 1 } } };
    struct in_addr mask = { { { 255, 255, 255, 0 } } };
    net_if_ipv4_addr_add(interface, &address, NET_ADDR_MANUAL, 0);
    net_if_ipv4_set_netmask(interface, &mask);
    struct in6_addr six = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } };
    struct net_if_addr *added = net_if_ipv6_addr_add(interface, &six, NET_ADDR_MANUAL, 0);
    net_if_ipv6_prefix_add(interface, &six, 64, UINT32_MAX);
    /* Zephyr asks first whether anyone else has it; servers that say they listen should be reachable. */
    for (unsigned waited = 0; added != NULL && added->addr_state != NET_ADDR_PREFERRED && waited < DUPLICATES_MS;
        waited += PAUSE_MS) {
        k_sleep(PAUSE_MS);
    }
}

/*
 * The network's threads are more urgent than the main program: whatever a frame had to tell its sockets has been told
 * when the main program hears of it. What Zephyr's timers do to a connection nobody says, so they are asked for now
 * and then.
 */
bool net_poll(void) {
    static uint32_t last;
    uint32_t now = board_milliseconds();
    bool due = now - last >= POLL_INTERVAL_MS;
    if (due) {
        last = now;
    }
    return board_event_take(BOARD_EVENT_ETHERNET) != 0 || (due && sockets_in_use());
}

uint32_t net_sleep_time(void) {
    return sockets_in_use() ? POLL_INTERVAL_MS : UINT32_MAX;
}
