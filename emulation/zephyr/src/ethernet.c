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

#include "board.h"
#include "chip.h"
#include "enc28j60.h"
#include "net.h"
#include "quark_se.h"
#include "sockets.h"

enum {
    MTU = 1500,
    IRQ_PRIORITY = 2,
    /* Less urgent than the threads of the network stack, which so deal with each frame before the next is fetched. */
    RECEIVER_PRIORITY = K_PRIO_COOP(CONFIG_NUM_COOP_PRIORITIES - 1),
    POLL_INTERVAL_MS = 1000,
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

/* A received frame as a packet; NULL if there is no memory for it, or if it is not for us. */
static struct net_pkt *fetch(uint16_t length) {
    struct net_eth_hdr header;
    enc28j60_read((uint8_t *)&header, sizeof header);
    if (!for_us(&header)) {
        ++enc28j60_counters.foreign;
        return NULL;
    }
    struct net_pkt *packet = net_pkt_rx_alloc_with_buffer(interface, length, AF_UNSPEC, 0, K_NO_WAIT);
    if (packet == NULL) {
        return NULL;
    }
    memcpy(net_buf_add(packet->buffer, sizeof header), &header, sizeof header);
    uint16_t left = length - sizeof header;
    for (struct net_buf *buffer = packet->buffer; buffer != NULL && left > 0; buffer = buffer->frags) {
        uint16_t size = MIN(left, net_buf_tailroom(buffer));
        enc28j60_read(net_buf_add(buffer, size), size);
        left -= size;
    }
    if (left > 0) {
        net_pkt_unref(packet);
        return NULL;
    }
    return packet;
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
