/* lwIP for this board: no operating system, everything polled from the interpreter's main loop. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS                  1
#define SYS_LIGHTWEIGHT_PROT    0
#define LWIP_NETCONN            0
#define LWIP_SOCKET             0
#define LWIP_TIMERS_CUSTOM      1 /* net/timers.c: no wake-up that has nothing to do */
#define LWIP_TIMEVAL_PRIVATE    0

#define LWIP_IPV4               1
#define LWIP_IPV6               1
#define LWIP_ARP                1
#define LWIP_ETHERNET           1
#define LWIP_ICMP               1
#define LWIP_ICMP6              1
#define LWIP_RAW                1 /* modlwip refers to it */
#define LWIP_UDP                1
#define LWIP_TCP                1
#define LWIP_DNS                1 /* getaddrinfo, which asyncio.start_server calls */
#define LWIP_IGMP               1 /* modlwip refers to it */
#define LWIP_IPV6_MLD           1
#define LWIP_DHCP               0
#define LWIP_IPV6_DHCP6         0
#ifndef PPP_SUPPORT /* 1 for the SHA-1 alone, see the Makefile */
#define PPP_SUPPORT             0
#endif

/* Addresses are static: the board neither solicits routers nor makes up addresses of its own. */
#define LWIP_IPV6_AUTOCONFIG            0
#define LWIP_IPV6_SEND_ROUTER_SOLICIT   0
#define LWIP_IPV6_DUP_DETECT_ATTEMPTS   0
#define LWIP_IPV6_NUM_ADDRESSES         2

#define IP_REASSEMBLY           1
#define IP_FRAG                 1
#define LWIP_IPV6_REASS         1
#define LWIP_IPV6_FRAG          1
#define MEMP_NUM_REASSDATA      2
#define IP_REASS_MAX_PBUFS      12 /* 2 KiB; more would let lone fragments take the whole pool */
#define MEMP_NUM_FRAG_PBUF      12 /* the answer to a reassembled ping leaves in the buffers it came in */
#define IP_OPTIONS_ALLOWED      1

/* Everything is verified in software; the controller has no such offload. */
#define CHECKSUM_CHECK_IP       1
#define CHECKSUM_CHECK_TCP      1
#define CHECKSUM_CHECK_UDP      1
#define CHECKSUM_CHECK_ICMP     1
#define CHECKSUM_CHECK_ICMP6    1
#define LWIP_CHKSUM_ALGORITHM   3

/*
 * Memory. Received data sit in the pool, data to be sent in the heap, so that neither can starve the other. Buffers are
 * small, since most frames are: a full segment takes three of them, and all headers fit into the first.
 */
#define MEM_ALIGNMENT           4
#define MEM_SIZE                6144
#define PBUF_POOL_SIZE          32
#define PBUF_POOL_BUFSIZE       204
#define NET_POOL_RESERVE        6 /* net/reserve.c: not for the data of connections */
#define MEMP_NUM_PBUF           8
#define MEMP_NUM_RAW_PCB        2
#define MEMP_NUM_UDP_PCB        3
#define MEMP_NUM_TCP_PCB        12 /* 8 connections, two being refused, two on their way out */
#define MEMP_NUM_TCP_PCB_LISTEN 5
#define MEMP_NUM_TCP_SEG        32
#define MEMP_NUM_IGMP_GROUP     3
#define MEMP_NUM_MLD6_GROUP     4
#define MEMP_NUM_ND6_QUEUE      10
#define ARP_TABLE_SIZE          8
#define ARP_QUEUEING            1
#define MEMP_NUM_ARP_QUEUE      10
#define ARP_QUEUE_LEN           10 /* ten pings at once find no neighbour entry yet */
#define LWIP_ND6_NUM_NEIGHBORS  8
#define LWIP_ND6_NUM_DESTINATIONS 8
#define LWIP_ND6_NUM_PREFIXES   2
#define LWIP_ND6_NUM_ROUTERS    2
#define DNS_TABLE_SIZE          1
#define DNS_MAX_NAME_LENGTH     64

#define TCP_MSS                 536
#define TCP_WND                 (2 * TCP_MSS) /* what a connection that Python does not read from can hold */
#define TCP_WND_UPDATE_THRESHOLD TCP_MSS
#define TCP_SND_BUF             (2 * TCP_MSS)
#define TCP_SND_QUEUELEN        16
#define TCP_QUEUE_OOSEQ         1
#define TCP_OOSEQ_MAX_BYTES     TCP_WND
#define TCP_OOSEQ_MAX_PBUFS     8
#define TCP_LISTEN_BACKLOG      1
#define TCP_OVERSIZE            TCP_MSS
#define SO_REUSE                1

#define LWIP_NETIF_LINK_CALLBACK   0
#define LWIP_NETIF_STATUS_CALLBACK 0
#define LWIP_NETIF_HOSTNAME        0
#define LWIP_NETIF_LOOPBACK        0
#define LWIP_HAVE_LOOPIF           0

#define LWIP_HOOK_FILENAME         "lwip_hooks.h"

/* Counters stay readable by symbol (`lwip_stats`, `memp_pools`): a bench counts leaks with them. */
#define LWIP_STATS              1
#define LWIP_STATS_DISPLAY      0
#define MEM_STATS               1
#define MEMP_STATS              1
/* Nobody reads those of the protocols, which take more than 300 bytes. */
#define LINK_STATS              0
#define ETHARP_STATS            0
#define IP_STATS                0
#define IPFRAG_STATS            0
#define ICMP_STATS              0
#define IGMP_STATS              0
#define UDP_STATS               0
#define TCP_STATS               0
#define IP6_STATS               0
#define ICMP6_STATS             0
#define IP6_FRAG_STATS          0
#define MLD6_STATS              0
#define ND6_STATS               0

/* SHA-1 for hashlib and for tcp_isn; the code is part of lwIP's PPP, which is not built. */
#define LWIP_INCLUDED_POLARSSL_SHA1 1

#endif
