"""Applications to be frozen into a firmware that is measured; none is imported here."""
