"""Robot Framework on the bench: suites, the keyword library, and the listener that keeps tests apart."""
