"""The board's firmware: C sources, and what fetches, builds and measures it."""
