#ifndef STDLIB_H
#define STDLIB_H
#include <stddef.h>
void abort(void) __attribute__((noreturn));
int atoi(const char *text);
static inline int abs(int value) {
    return value < 0 ? -value : value;
}
#endif
