"""Sequences of segments on one or two connections: out of order, overlapping, about the window's edges.

The modified packets of the matrix come alone; what segments do to each other they do not show. Here a case
is a list of segments, judged by an independent model of a receiver (RFC 9293): see docs/matrix.md.
"""
