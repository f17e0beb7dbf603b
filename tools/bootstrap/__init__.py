"""Set up everything the bench needs on a fresh machine, then run what was asked for.

It runs on the system's `python3` before anything is installed, so it uses the standard library only (and
`emulation.errors`, which does too). Every step looks first whether it has anything to do.
"""
