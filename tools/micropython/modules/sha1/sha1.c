/* The SHA-1 that comes with lwIP, as in the firmware: this MicroPython is built without a TLS library. */
#include "netif/ppp/polarssl/sha1.c"
