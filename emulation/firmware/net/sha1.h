/* The SHA-1 that comes with lwIP, free of the PPP configuration its own header asks for. */
#ifndef SHA1_H
#define SHA1_H

typedef struct {
    unsigned long total[2];
    unsigned long state[5];
    unsigned char buffer[64];
} sha1_context;

void sha1_starts(sha1_context *context);
void sha1_update(sha1_context *context, const unsigned char *input, int length);
void sha1_finish(sha1_context *context, unsigned char output[20]);

#endif
