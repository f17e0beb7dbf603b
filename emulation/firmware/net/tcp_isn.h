/* Initial TCP sequence numbers. */
#ifndef TCP_ISN_H
#define TCP_ISN_H

#include "lwip/ip_addr.h"

u32_t tcp_isn(const ip_addr_t *local_ip, u16_t local_port, const ip_addr_t *remote_ip, u16_t remote_port);

#endif
