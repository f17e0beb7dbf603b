"""Protocol layers of the bench: Scapy layers for what users craft, plain structs for the fast path."""
