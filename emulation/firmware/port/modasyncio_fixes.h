/* Read before MicroPython's modasyncio.c: what leaves the queue of tasks forgets its neighbours there. */
#include "py/pairheap.h"

/*
 * A node that is taken out keeps the address of what was its last child, and clears it only when it gets another. A
 * server's task, which lives for ever, so keeps one that has ended, and with it the heap of a whole connection; that
 * one may keep another. Some kilobytes stay in use, and where they are depends on who came when.
 */
#define mp_pairheap_pop(lt, heap)          forget(heap, mp_pairheap_pop(lt, heap))
#define mp_pairheap_delete(lt, heap, node) forget(node, mp_pairheap_delete(lt, heap, node))

static inline mp_pairheap_t *forget(mp_pairheap_t *node, mp_pairheap_t *rest) {
    node->child_last = NULL;
    return rest;
}
