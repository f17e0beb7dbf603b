/* All that is taken of mbedTLS. */
#define MBEDTLS_SHA1_C
