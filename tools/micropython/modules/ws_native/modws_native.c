/* The firmware's native part of ws_server. */
#include "../../../../emulation/firmware/port/modws_native.c"
