/* Memory for the interpreter, as the linker scripts of both firmwares have left it. */
#include "board.h"

extern char __stack_top[], __stack_bottom[], __heap_start[], __heap_end[];

struct board_memory board_memory(void) {
    return (struct board_memory) { __stack_bottom, __stack_top, __heap_start, __heap_end };
}
