"""The systematic matrix: protocol state x layer x field x anomaly, one or two modifications a case.

Most published vulnerabilities of embedded TCP/IP stacks need one or two modifications of one packet in the
right protocol state (EmNetTest, arXiv 2308.10965). So every such packet is made, from the layers' own field
descriptions, and the board's reaction is judged by general rules: see docs/matrix.md.
"""
