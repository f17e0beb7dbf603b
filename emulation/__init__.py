"""The board: engines that run its firmware, the description of its hardware, and the firmware itself."""
