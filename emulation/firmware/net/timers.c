/*
 * lwIP's periodic work. lwIP's own timers would wake the CPU some twenty times a second; here the timers of one
 * period run together, and a timer whose protocol has nothing pending does not run at all.
 *
 * This replaces lwIP's timeouts.c (LWIP_TIMERS_CUSTOM); one-shot sys_timeout, which nothing here uses, is left out.
 */
#include "lwip/timeouts.h"

#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/sys.h"
#include "lwip/tcp.h"

static bool always(void) {
    return true;
}

static bool tcp_needed(void) {
    return tcp_active_pcbs != NULL || tcp_tw_pcbs != NULL;
}

static bool igmp_needed(void) {
    struct netif *netif;
    NETIF_FOREACH(netif) {
        for (struct igmp_group *g = netif_igmp_data(netif); g != NULL; g = g->next) {
            if (g->timer != 0) {
                return true;
            }
        }
    }
    return false;
}

static bool mld6_needed(void) {
    struct netif *netif;
    NETIF_FOREACH(netif) {
        for (struct mld_group *g = netif_mld6_data(netif); g != NULL; g = g->next) {
            if (g->timer != 0) {
                return true;
            }
        }
    }
    return false;
}

static void every_second(void) {
    ip_reass_tmr();
    ip6_reass_tmr();
    etharp_tmr();
    nd6_tmr();
    dns_tmr();
}

static struct timer {
    u32_t interval; /* milliseconds */
    void (*run)(void);
    bool (*needed)(void);
    u32_t due;      /* valid while armed */
    bool armed;
} timers[] = {
    { TCP_TMR_INTERVAL, tcp_tmr, tcp_needed, 0, false },
    { 1000, every_second, always, 0, false },
    { IGMP_TMR_INTERVAL, igmp_tmr, igmp_needed, 0, false },
    { MLD6_TMR_INTERVAL, mld6_tmr, mld6_needed, 0, false },
};

#define TIMER_COUNT (sizeof timers / sizeof *timers)

void sys_timeouts_init(void) {
}

/* lwIP has put a connection on a list; sys_timeouts_sleeptime looks at the lists itself. */
void tcp_timer_needed(void) {
}

u32_t sys_timeouts_sleeptime(void) {
    u32_t now = sys_now();
    u32_t sleep = SYS_TIMEOUTS_SLEEPTIME_INFINITE;
    for (unsigned i = 0; i < TIMER_COUNT; ++i) {
        struct timer *t = &timers[i];
        if (!t->needed()) {
            t->armed = false;
            continue;
        }
        if (!t->armed) {
            t->armed = true;
            t->due = now + t->interval - now % t->interval; /* in step with the others */
        }
        s32_t left = (s32_t)(t->due - now);
        if (left <= 0) {
            return 0;
        }
        if ((u32_t)left < sleep) {
            sleep = (u32_t)left;
        }
    }
    return sleep;
}

void sys_check_timeouts(void) {
    u32_t now = sys_now();
    for (unsigned i = 0; i < TIMER_COUNT; ++i) {
        struct timer *t = &timers[i];
        if (t->armed && (s32_t)(t->due - now) <= 0) {
            t->due = now + t->interval - now % t->interval;
            t->run();
        }
    }
}
