/* A firmware that knows nothing of this project: answers ARP, ICMP echo, UDP and TCP echo on port 4242, without
 * any operating system or network stack. A datagram to port 666 makes it crash. */
#include "board.h"

#define MAC {0x02, 0, 0, 0, 0, 0x28}
#ifndef IP
#define IP 0xC0000201u /* 192.0.2.1 */
#endif
#define PORT 4242
#define CRASH_PORT 666

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static const uint8_t own_mac[6] = MAC;
static struct {
    uint32_t ip, sent, expected;
    uint16_t port;
    bool open;
} tcp;

static uint32_t get16(const uint8_t *p) { return p[0] << 8 | p[1]; }
static uint32_t get32(const uint8_t *p) { return get16(p) << 16 | get16(p + 2); }
static void put16(uint8_t *p, uint32_t v) { p[0] = v >> 8, p[1] = v; }
static void put32(uint8_t *p, uint32_t v) { put16(p, v >> 16), put16(p + 2, v); }

static void copy(uint8_t *to, const uint8_t *from, size_t n)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static uint32_t sum(const uint8_t *p, size_t n, uint32_t start)
{
    for (; n > 1; p += 2, n -= 2) {
        start += get16(p);
    }
    if (n) {
        start += p[0] << 8;
    }
    while (start >> 16) {
        start = (start & 0xFFFF) + (start >> 16);
    }
    return start;
}

static uint32_t transport_sum(const uint8_t *ip, size_t n)
{
    return sum(ip + 20, n, sum(ip + 12, 8, ip[9] + n));
}

/* Turn the frame round: it came from there and goes back there. */
static size_t send_back(uint8_t *frame, size_t payload)
{
    uint8_t *ip = frame + 14, source[4];
    copy(frame, frame + 6, 6);
    copy(frame + 6, own_mac, 6);
    copy(source, ip + 12, 4);
    copy(ip + 12, ip + 16, 4);
    copy(ip + 16, source, 4);
    put16(ip + 2, 20 + payload);
    ip[8] = 64;
    put16(ip + 10, 0);
    put16(ip + 10, ~sum(ip, 20, 0));
    return 34 + payload;
}

static size_t answer_arp(uint8_t *frame)
{
    uint8_t *arp = frame + 14;
    if (get16(arp + 6) != 1 || get32(arp + 24) != IP) {
        return 0;
    }
    copy(frame, frame + 6, 6);
    copy(frame + 6, own_mac, 6);
    put16(arp + 6, 2);
    copy(arp + 18, arp + 8, 10);
    copy(arp + 8, own_mac, 6);
    put32(arp + 14, IP);
    return 42;
}

static size_t answer_icmp(uint8_t *frame, size_t size)
{
    uint8_t *icmp = frame + 34;
    if (size < 8 || icmp[0] != 8 || icmp[1] || sum(icmp, size, 0) != 0xFFFF) {
        return 0;
    }
    icmp[0] = 0;
    put16(icmp + 2, 0);
    put16(icmp + 2, ~sum(icmp, size, 0));
    return send_back(frame, size);
}

__attribute__((noinline)) void crash_here(void) { __asm__ volatile("ud2"); }

static size_t answer_udp(uint8_t *frame, size_t size)
{
    uint8_t *udp = frame + 34;
    uint32_t port = get16(udp + 2);
    if (port == CRASH_PORT) {
        crash_here();
    }
    if (size < 8 || port != PORT) {
        return 0;
    }
    copy(udp + 2, udp, 2);
    put16(udp, port);
    put16(udp + 6, 0); /* no checksum */
    return send_back(frame, size);
}

static size_t segment(uint8_t *frame, uint8_t flags, uint32_t seq, uint32_t ack, size_t data)
{
    uint8_t *t = frame + 34, port[2];
    size_t size;
    copy(port, t, 2);
    copy(t, t + 2, 2);
    copy(t + 2, port, 2);
    put32(t + 4, seq);
    put32(t + 8, ack);
    put16(t + 12, 0x5000 | flags);
    put16(t + 14, 1024);
    put16(t + 16, 0);
    put16(t + 18, 0);
    size = send_back(frame, 20 + data);
    put16(t + 16, ~transport_sum(frame + 14, 20 + data));
    return size;
}

static size_t answer_tcp(uint8_t *frame, size_t size)
{
    uint8_t *t = frame + 34, flags = t[13];
    size_t head = (t[12] >> 4) * 4, data;
    uint32_t seq = get32(t + 4), ip = get32(frame + 26), seen;
    bool ours = tcp.open && ip == tcp.ip && get16(t) == tcp.port;
    if (size < 20 || head < 20 || head > size || transport_sum(frame + 14, size) != 0xFFFF) {
        return 0;
    }
    data = size - head;
    if (flags & RST) {
        tcp.open = tcp.open && !(ours && seq == tcp.expected);
        return 0;
    }
    if (get16(t + 2) == PORT && (flags & (SYN | ACK)) == SYN) {
        tcp.open = true;
        tcp.ip = ip;
        tcp.port = get16(t);
        tcp.expected = seq + 1;
        tcp.sent = (uint32_t)rdtsc();
        return segment(frame, SYN | ACK, tcp.sent++, tcp.expected, 0);
    }
    if (!ours || get16(t + 2) != PORT) {
        seen = seq + data + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0);
        return flags & ACK ? segment(frame, RST, get32(t + 8), 0, 0) : segment(frame, RST | ACK, 0, seen, 0);
    }
    if (seq != tcp.expected) {
        return segment(frame, ACK, tcp.sent, tcp.expected, 0);
    }
    if (!data && !(flags & FIN)) {
        return 0;
    }
    copy(t + 20, t + head, data);
    tcp.expected += data + (flags & FIN ? 1 : 0);
    seq = tcp.sent;
    tcp.sent += data + (flags & FIN ? 1 : 0);
    tcp.open = !(flags & FIN);
    return segment(frame, ACK | (flags & FIN), seq, tcp.expected, data);
}

size_t answer(uint8_t *frame, size_t size)
{
    uint8_t *ip = frame + 14;
    size_t total, head;
    uint32_t source;
    if (size >= 42 && get16(frame + 12) == 0x0806) {
        return answer_arp(frame);
    }
    if (size < 34 || get16(frame + 12) != 0x0800 || ip[0] >> 4 != 4 || get32(ip + 16) != IP) {
        return 0;
    }
    total = get16(ip + 2);
    head = (ip[0] & 15) * 4;
    source = get32(ip + 12) >> 24;
    if (head < 20 || total < head || total > size - 14 || get16(ip + 6) & 0x3FFF) {
        return 0;
    }
#ifndef NO_HEADER_CHECKSUM
    if (sum(ip, head, 0) != 0xFFFF) {
        return 0;
    }
#endif
    if (source == 0 || source == 127 || source >= 224) {
        return 0;
    }
    if (head > 20) { /* options mean nothing here */
        ip[0] = 0x45;
        total -= head - 20;
        copy(ip + 20, ip + head, total - 20);
    }
    switch (ip[9]) {
    case 1:
        return answer_icmp(frame, total - 20);
    case 6:
        return answer_tcp(frame, total - 20);
    case 17:
        return answer_udp(frame, total - 20);
    }
    return 0;
}

int main(void)
{
    static uint8_t frame[1520];
    board_init();
    spi_init();
    print("*** foreign firmware ***\r\n");
    if (!enc28j60_init(own_mac)) {
        print("no ENC28J60, or no link\r\n");
        return 1;
    }
    print("up after ");
    print_number(ticks);
    print(" ticks\r\n");
    for (;;) {
        size_t size;
        enc28j60_interrupts(false); /* the pin rises, so that it falls again if something is left */
        frame_waits = false;
        while ((size = enc28j60_receive(frame, sizeof frame)) != 0) {
            size = answer(frame, size);
            if (size) {
                enc28j60_send(frame, size);
            }
        }
        enc28j60_interrupts(true);
        while (!frame_waits) {
#ifndef POLLING
            sleep_unless(&frame_waits);
#endif
        }
    }
}
