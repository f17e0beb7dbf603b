"""The description of the board, in Renode's format: read by Renode itself, by the embedded emulator and by the linker."""
