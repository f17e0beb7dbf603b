"""End-to-end tests of the booted firmware: frames in at the connector, frames out; one file per layer."""
