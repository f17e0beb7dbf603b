"""Renode as an engine: found on the machine, started headless, driven from inside in virtual time."""
