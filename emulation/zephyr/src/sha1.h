/* The SHA-1 of Zephyr's mbedTLS, under the names of the one that comes with lwIP. */
#ifndef SHA1_H
#define SHA1_H

#include <mbedtls/sha1.h>

typedef mbedtls_sha1_context sha1_context;

#define sha1_starts(context)               mbedtls_sha1_starts_ret(context)
#define sha1_update(context, data, length) mbedtls_sha1_update_ret(context, data, (size_t)(length))
#define sha1_finish(context, digest)       mbedtls_sha1_finish_ret(context, digest)

#endif
