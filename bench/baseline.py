"""Is everything given back? What the guest holds, counted from outside and compared with a baseline.

    baseline = Baseline.take(board)            # at rest, after a few exchanges that have warmed it up
    ...                                        # something that should leave nothing behind
    assert not baseline.differences(board)     # "2 TCP PCBs more in SYN-RECEIVED", "1 more of pool PBUF_POOL"

Counted are lwIP's memory pools and its heap, its TCP PCBs by state, the bytes of the Python heap that a
collection would keep, and the receive ring of the Ethernet controller. Only memory and models are looked at:
the guest does not run, and does not notice. About one millisecond, nearly all of it for the Python heap.

Some things may be held for a while and are no leaks; they are treated plainly:

- A connection in TIME-WAIT stays for 2 MSL (RFC 9293, section 3.6.1; lwIP: 120 s), and lwIP gives its PCB to
  whoever needs one. Such PCBs are left out of all counts.
- Fragments wait for the rest of their packet until a time-out (RFC 791: 15 s, RFC 8200: 60 s), packets for
  the answer of Neighbor Discovery or ARP, half-open connections for their acknowledgement. `lingering` says
  for how long at most; `settle` runs the board until then, or until all is given back, and compares.
- The interpreter may still reach a little of the last connection that has ended; see `PYTHON_SLACK`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bench.board import Board
from bench.guest_heap import GuestHeap
from bench.layers.tcp_state import State
from bench.lwip import Connection, connections
from emulation.dwarf import debug_info
from emulation.errors import UserError

MEMP_UNIT = "src/core/memp.c"
DRIVER_UNIT = "net/enc28j60.c"
CONTROLLER = "ethernet"
"""Name of the Ethernet controller in the platform file."""
HEAP = "MEM"
"""lwIP's heap (`mem_malloc`) among its pools; counted in bytes, not in blocks."""
TROUBLE = {
    "bad_length": "frames of impossible length",
    "resyncs": "restarts of the receive ring",
    "tx_timeouts": "frames given up",
}
"""Counters of the driver that no stimulus may move (net/enc28j60.h)."""

PYTHON_SLACK = 512
"""Bytes by which the Python heap may differ. A dictionary keeps the value of a deleted entry until its place
is taken again (py/map.c), and whatever looks like an address keeps an object: some 250 bytes between one
connection that has ended and another. It does not add up: repeating a case shows a leak of any size."""

LINGERING_POOLS = {
    "REASSDATA": 16.0,  # IP_REASS_MAXAGE, and one tick
    "IP6_REASSDATA": 61.0,  # IPV6_REASS_MAXAGE
    "ARP_QUEUE": 6.0,  # ARP_MAXPENDING
    "ND6_QUEUE": 4.0,  # LWIP_ND6_MAX_MULTICAST_SOLICIT
}
"""Pools whose blocks wait for somebody else, and for how many seconds at most (lwIP's opt.h and etharp.c)."""
LINGERING_STATES = {
    State.SYN_RECEIVED: 21.0,  # TCP_SYN_RCVD_TIMEOUT
    State.FIN_WAIT_2: 21.0,  # TCP_FIN_WAIT_TIMEOUT
}
"""States that end by themselves, and after how many seconds at most (lwIP's tcp_priv.h)."""
STEP = 1.0
"""Virtual seconds between two looks of `settle`."""


@dataclass(frozen=True)
class Counts:
    """What the guest holds at one moment."""

    used: dict[str, int]
    """Blocks in use of each of lwIP's pools, by name without `MEMP_`, and bytes of its heap, `MEM`."""
    illegal: dict[str, int]
    """Frees of what was not in use, by the same names."""
    pcbs: tuple[Connection, ...]
    """TCP PCBs, without those in TIME-WAIT."""
    python: int
    """Bytes of the Python heap that a collection would keep."""
    ring: dict[str, int]
    """The controller's receive ring; empty where the engine does not show it."""
    driver: dict[str, int]
    """The driver's counters of trouble."""

    @property
    def states(self) -> Counter[State]:
        """How many PCBs there are in each state."""
        return Counter(pcb.state for pcb in self.pcbs)


class Baseline:
    """What the guest held at a moment of rest. `take` makes it."""

    def __init__(self, inspector: Inspector, counts: Counts) -> None:
        self._inspector = inspector
        self.counts = counts

    @classmethod
    def take(cls, board: Board) -> Baseline:
        """Count now. Raises UserError for a firmware without lwIP, MicroPython or debug information."""
        inspector = Inspector(board)
        return cls(inspector, inspector.read())

    def differences(self, board: Board) -> list[str]:
        """What is not as it was, one line each; an empty list if everything is given back.

        A state restored later may lie on either side of the baseline: less than before is a difference too.
        """
        return compare(self.counts, self._at(board).read())

    def lingering(self, board: Board) -> float:
        """Virtual seconds after which what may linger has to be gone; 0 if nothing of the kind is there."""
        return lingering(self.counts, self._at(board).read(python=False))

    def settle(self, board: Board) -> list[str]:
        """Run the board as long as something may linger, at most until its time is over; then compare.

        Raises GuestFault.
        """
        # What ends may begin something else: a reassembly that times out is reported, and ARP asks to whom.
        end = board.clock.now + sum(LINGERING_POOLS.values()) + sum(LINGERING_STATES.values())
        while board.clock.now < end and self.lingering(board) > 0:
            board.run(STEP)
        return self.differences(board)

    def _at(self, board: Board) -> Inspector:
        return self._inspector if self._inspector.board is board else Inspector(board)


class Inspector:
    """Reads the counts of a board. Raises UserError for a firmware that lacks what is counted."""

    def __init__(self, board: Board) -> None:
        self.board = board
        if board.firmware is None:
            raise UserError("this board runs no firmware that can be looked into", "boot it with Board.boot")
        info = debug_info(board.firmware)
        names = info.enumeration("memp_t", MEMP_UNIT).values()
        pools = [name.removeprefix("MEMP_") for name in names if name != "MEMP_MAX"]
        self._statistics = info.structure("stats_mem", MEMP_UNIT)
        self._driver = info.structure("enc28j60_counters", DRIVER_UNIT)
        heap = info.structure("stats_", MEMP_UNIT).members["mem"].offset
        try:
            self._places = {name: board.symbol(f"memp_stats_{name}") for name in pools}
            self._places[HEAP] = board.symbol("lwip_stats") + heap
            self._counters = board.symbol("enc28j60_counters")
        except KeyError as missing:
            raise UserError(
                f"this firmware keeps no statistics: it lacks {missing}", "build lwIP with MEMP_STATS"
            ) from None
        self._python = GuestHeap(board)
        peripheral = getattr(board.machine, "peripheral", None)
        self._controller = peripheral(CONTROLLER) if peripheral is not None else None

    def read(self, *, python: bool = True) -> Counts:
        """Count now; without the Python heap if that is not wanted, which is quicker."""
        used, illegal = {}, {}
        for name, place in self._places.items():
            data = self.board.read_memory(place, self._statistics.size)
            used[name] = self._statistics.read(data, "used")
            illegal[name] = self._statistics.read(data, "illegal")
        pcbs = connections(self.board)
        kept = tuple(pcb for pcb in pcbs if pcb.state is not State.TIME_WAIT)
        used["TCP_PCB"] -= len(pcbs) - len(kept)
        data = self.board.read_memory(self._counters, self._driver.size)
        return Counts(
            used=used,
            illegal=illegal,
            pcbs=kept,
            python=self._python.collected().used if python and self._controller is not None else 0,
            ring=self._controller.receive_ring if self._controller is not None else {},
            driver={name: self._driver.read(data, name) for name in TROUBLE},
        )


def compare(before: Counts, now: Counts) -> list[str]:
    """What is not as it was, one line each."""
    found = []
    states, present = before.states, now.states
    known = {str(pcb) for pcb in before.pcbs}
    for state in State:
        if change := present[state] - states[state]:
            which = "; ".join(str(pcb) for pcb in now.pcbs if pcb.state is state and str(pcb) not in known)
            found.append(f"{_count(change, 'TCP PCB')} in {state.value}" + (f" ({which})" if which else ""))
    for name, count in before.used.items():
        if name == HEAP:
            if change := now.used[name] - count:
                found.append(f"lwIP's heap {change:+d} bytes")
        # TCP_PCB is told by states above, and more exactly.
        elif (change := now.used[name] - count) and (name != "TCP_PCB" or present == states):
            found.append(f"{_count(change, 'block')} of pool {name}")
        if now.illegal[name] != before.illegal[name]:
            found.append(f"{name}: a block was freed that was not in use")
    if abs(now.python - before.python) > PYTHON_SLACK:
        found.append(f"Python heap {now.python - before.python:+d} bytes")
    found += [
        f"ENC28J60 driver: {now.driver[name] - count:+d} {what}"
        for name, what in TROUBLE.items()
        if (count := before.driver[name]) != now.driver[name]
    ]
    return found + ring_problems(now.ring)


def ring_problems(ring: dict[str, int]) -> list[str]:
    """What is wrong with a receive ring that should be empty (DS39662E, section 7.2.4; errata 14)."""
    if not ring:
        return []
    found = []
    if ring["EPKTCNT"]:
        found.append(f"ENC28J60: EPKTCNT is {ring['EPKTCNT']}: received, but not fetched")
        return found
    start, write = ring["ERXST"], ring["ERXWRPT"]
    # The host frees everything up to the next packet; the last byte of it stays, as the erratum demands.
    expected = ring["ERXND"] if write == start else write - 1
    if ring["ERXRDPT"] != expected:
        found.append(
            f"ENC28J60: ERXRDPT is {ring['ERXRDPT']:#06x} with nothing to fetch, expected {expected:#06x}"
            f" (ERXWRPT {write:#06x})"
        )
    return found


def lingering(before: Counts, now: Counts) -> float:
    """For how many virtual seconds at most something may linger that was not there before."""
    pools = [time for name, time in LINGERING_POOLS.items() if now.used[name] > before.used[name]]
    states, present = before.states, now.states
    connections = [time for state, time in LINGERING_STATES.items() if present[state] > states[state]]
    return max([0.0, *pools, *connections])


def _count(number: int, what: str) -> str:
    plural = "" if abs(number) == 1 else "s"
    return f"{abs(number)} {what}{plural} {'more' if number > 0 else 'less'}"
