"""The distributions: an sdist of what git tracks, and wheels that bring the built firmware with them."""
