#ifndef INTTYPES_H
#define INTTYPES_H
#include <stdint.h>
#endif
