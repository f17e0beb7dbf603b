/* The names under which MicroPython's hashlib knows SHA-1, for the SHA-1 that comes with lwIP. */
#ifndef CRYPTO_H
#define CRYPTO_H
#include "sha1.h"
#define SHA1_SIZE 20
typedef sha1_context SHA1_CTX;
#define SHA1_Init(context)                sha1_starts(context)
#define SHA1_Update(context, data, size)  sha1_update(context, data, (int)(size))
#define SHA1_Final(digest, context)       sha1_finish(context, digest)
#endif
