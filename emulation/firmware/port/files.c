/*
 * The file system: empty, or one file. The text of a main.py may lie at the end of the second flash bank, where
 * emulation/firmware/application.py puts it; it runs in place of the frozen one, compiled on the board.
 */
#include <string.h>

#include "py/builtin.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/runtime.h"

#define NAME "main.py"

struct application {
    char name[8]; /* NAME, if there is one; erased flash is another */
    uint32_t length;
    char text[];
};

/* From the linker script. */
extern const char __application_start[], __application_end[];

static const struct application *application(void) {
    const struct application *there = (const struct application *)__application_start;
    size_t room = (size_t)(__application_end - there->text);
    return memcmp(there->name, NAME, sizeof(NAME)) == 0 && there->length <= room ? there : NULL;
}

mp_lexer_t *mp_lexer_new_from_file(qstr filename) {
    const struct application *there = application();
    if (there == NULL || strcmp(qstr_str(filename), NAME) != 0) {
        mp_raise_OSError(MP_ENOENT);
    }
    return mp_lexer_new_from_str_len(filename, there->text, there->length, 0);
}

mp_import_stat_t mp_import_stat(const char *path) {
    return strcmp(path, NAME) == 0 && application() != NULL ? MP_IMPORT_STAT_FILE : MP_IMPORT_STAT_NO_EXIST;
}

mp_obj_t mp_builtin_open(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    (void)n_args;
    (void)args;
    (void)kwargs;
    mp_raise_OSError(MP_ENOENT);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 1, mp_builtin_open);
