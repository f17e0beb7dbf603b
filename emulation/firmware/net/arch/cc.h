/* lwIP's view of the compiler and the board. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdint.h>

#include <sys/types.h> /* ssize_t, which the headers use */

#include "board.h"

typedef uint32_t sys_prot_t;

#define BYTE_ORDER LITTLE_ENDIAN
#define LWIP_NO_INTTYPES_H 1
#define LWIP_NO_CTYPE_H    1
#define LWIP_NO_UNISTD_H   1

#define U8_F  "u"
#define S8_F  "d"
#define X8_F  "02x"
#define U16_F "u"
#define S16_F "d"
#define X16_F "x"
#define U32_F "u"
#define S32_F "d"
#define X32_F "x"
#define SZT_F "u"

#define LWIP_PLATFORM_DIAG(message)   do { } while (0)
#define LWIP_PLATFORM_ASSERT(message) board_panic(message)
#define LWIP_RAND()                   board_random()

#endif
