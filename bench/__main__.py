"""`python -m bench` is the command `bench`."""

from bench.start import main

main()
