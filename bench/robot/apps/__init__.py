"""Applications that suites boot with `Boot Application`; none is imported on the host."""
