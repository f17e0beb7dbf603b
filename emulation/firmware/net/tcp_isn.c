/*
 * RFC 6528: ISN = M + F(connection, secret), with M a clock of 4 us steps, F a hash no peer can compute. F keeps
 * sequence numbers of different connections apart, M lets those of one connection grow from one to the next.
 */
#include "tcp_isn.h"

#include <string.h>

#include "board.h"
#include "sha1.h"

u32_t tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port) {
    static uint32_t secret[4];
    if (secret[0] == 0) {
        for (unsigned i = 0; i < 4; ++i) {
            secret[i] = board_random() | 1;
        }
    }
    struct {
        uint32_t secret[4];
        ip_addr_t local_ip, remote_ip;
        u16_t local_port, remote_port;
    } input;
    memset(&input, 0, sizeof input); /* padding is hashed as well */
    memcpy(input.secret, secret, sizeof secret);
    ip_addr_copy(input.local_ip, *local_ip);
    ip_addr_copy(input.remote_ip, *remote_ip);
    input.local_port = local_port;
    input.remote_port = remote_port;
    uint32_t digest[5];
    sha1_context context;
    sha1_starts(&context);
    sha1_update(&context, (const unsigned char *)&input, sizeof input);
    sha1_finish(&context, (unsigned char *)digest);
    return (u32_t)(board_microseconds() >> 2) + digest[0];
}
