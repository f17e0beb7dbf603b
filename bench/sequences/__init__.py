"""Sequences of segments on one or two connections: out of order, overlapping, about the window's edges.

The matrix changes one packet in one state; what two or three segments do to each other it does not see. Here a
case is a list of segments, judged by an independent model of a receiver (RFC 9293): see docs/matrix.md.
"""
