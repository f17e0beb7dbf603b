"""Which test covers which rule of RFC 6455, and the table of it in docs/conformance.md."""
