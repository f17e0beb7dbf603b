/* Stands in front of lwIP's own: of all of PPP, SHA-1 alone. */
#define PPP_SUPPORT                 1
#define LWIP_INCLUDED_POLARSSL_SHA1 1
#define MEMCPY                      memcpy
