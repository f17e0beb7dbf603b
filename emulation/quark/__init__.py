"""The embedded emulator: Unicorn for the x86 core, our models for the SoC and the Ethernet shield."""
