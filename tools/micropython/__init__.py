"""MicroPython for this machine, for the tests of `ws_server`: from the same tree as the firmware."""
