/* Only what shared/libc/printf.c provides. */
#ifndef STDIO_H
#define STDIO_H
#include <stdarg.h>
#include <stddef.h>
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
int vprintf(const char *format, va_list arguments);
int snprintf(char *text, size_t size, const char *format, ...);
int vsnprintf(char *text, size_t size, const char *format, va_list arguments);
int puts(const char *text);
int putchar(int character);
#endif
