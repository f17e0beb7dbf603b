#ifndef ASSERT_H
#define ASSERT_H
void board_panic(const char *reason) __attribute__((noreturn));
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition) ((condition) ? (void)0 : board_panic("assertion failed: " #condition))
#endif
#endif
