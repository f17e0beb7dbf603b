"""What a station checks of a frame before it believes it: the bench's partners are as strict as real peers.

A board whose frames are wrong must not pass because the other end of the wire is the bench. So every frame of
the board is judged by what the RFCs demand of a receiver; one that a peer would drop reaches no partner, and
what is wrong with it is named.

- `link`, `ipv4`, `ipv6`, `icmpv6`, `transport`: the checks, on bytes, since every frame of the board passes
- `websocket`: those of a client of RFC 6455, on a stream
- `fragments`: puts fragments together, for what can be checked only of the whole
- `findings`: what was found, and the switch that makes the partners lenient
"""
