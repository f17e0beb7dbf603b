from __future__ import annotations

from functools import partial

import pytest

from emulation.quark.clock import HZ, Clock


class Log:
    """Registers keys on a clock and records (key, cycle) of each event."""

    def __init__(self, clock: Clock, *keys: str) -> None:
        self.events: list[tuple[str, int]] = []
        self.clock = clock
        for key in keys:
            clock.register(key, partial(self.note, key))

    def note(self, key: str) -> None:
        self.events.append((key, self.clock.now))


def test_events_run_in_the_order_of_their_cycles_at_exactly_those_cycles() -> None:
    clock = Clock()
    log = Log(clock, "a", "b", "c")
    clock.schedule("b", 200)
    clock.schedule("c", 300)
    clock.schedule("a", 100)
    clock.advance(250)
    assert log.events == [("a", 100), ("b", 200)]
    assert clock.now == 250


def test_events_of_one_cycle_run_in_the_order_they_were_scheduled() -> None:
    clock = Clock()
    log = Log(clock, "a", "b", "c")
    for key in "bca":
        clock.schedule(key, 7)
    clock.advance(7)
    assert [key for key, _ in log.events] == ["b", "c", "a"]


def test_scheduling_a_key_again_moves_its_event() -> None:
    clock = Clock()
    log = Log(clock, "a")
    clock.schedule("a", 10)
    clock.schedule("a", 20)
    clock.advance(15)
    assert log.events == []
    clock.schedule("a", 17)
    clock.advance(100)
    assert log.events == [("a", 17)]


def test_a_cancelled_event_does_not_run_and_is_not_the_next_one() -> None:
    clock = Clock()
    log = Log(clock, "a", "b")
    clock.schedule("a", 10)
    clock.schedule("b", 20)
    clock.cancel("a")
    assert clock.next_event == 20
    clock.advance(100)
    assert log.events == [("b", 20)]
    assert clock.next_event is None


def test_an_event_in_the_past_runs_at_the_next_advance_without_turning_time_back() -> None:
    clock = Clock()
    log = Log(clock, "a")
    clock.advance(50)
    clock.schedule("a", 10)
    clock.advance(50)
    assert log.events == [("a", 50)]


def test_a_handler_may_schedule_its_own_next_event() -> None:
    clock = Clock()
    times: list[int] = []

    def tick() -> None:
        times.append(clock.now)
        clock.schedule("tick", clock.now + 10)

    clock.register("tick", tick)
    clock.schedule("tick", 10)
    clock.advance(35)
    assert times == [10, 20, 30]
    assert clock.next_event == 40


def test_time_never_goes_backwards() -> None:
    clock = Clock()
    clock.advance(100)
    clock.advance(40)
    assert clock.now == 100


def test_a_key_without_handler_cannot_be_scheduled() -> None:
    with pytest.raises(KeyError, match="nobody"):
        Clock().schedule("nobody", 1)


def test_the_cpu_is_told_only_when_the_next_event_became_earlier() -> None:
    clock = Clock()
    Log(clock, "a", "b")
    told: list[int] = []
    clock.on_earlier = told.append
    clock.schedule("a", 100)
    clock.schedule("b", 200)
    clock.schedule("b", 50)
    clock.schedule("a", 60)
    assert told == [100, 50]


def test_inside_a_slice_the_time_is_the_cpus_count() -> None:
    clock = Clock()
    clock.read_cycles = lambda: 3 * HZ
    assert clock.now == 3 * HZ
    assert clock.seconds == 3.0


def test_a_restored_clock_repeats_what_it_did_after_the_save() -> None:
    clock = Clock()
    log = Log(clock, "a", "b", "c")
    clock.advance(5)
    for key, cycle in (("a", 30), ("c", 20), ("b", 20)):
        clock.schedule(key, cycle)
    clock.cancel("c")
    state = clock.save()

    clock.advance(1000)
    first = list(log.events)
    clock.schedule("c", 2000)
    log.events.clear()

    clock.restore(state)
    assert clock.now == 5
    clock.advance(1000)
    assert log.events == first == [("b", 20), ("a", 30)]


def test_reset_forgets_time_and_events_but_not_handlers() -> None:
    clock = Clock()
    log = Log(clock, "a")
    clock.advance(9)
    clock.schedule("a", 10)
    clock.reset()
    assert (clock.now, clock.next_event) == (0, None)
    clock.schedule("a", 3)
    clock.advance(3)
    assert log.events == [("a", 3)]


def test_an_event_moved_a_million_times_does_not_fill_the_queue() -> None:
    clock = Clock()
    Log(clock, "a")
    for cycle in range(10_000):
        clock.schedule("a", HZ + cycle)
    assert len(clock._queue) < 100
    assert clock.next_event == HZ + 9_999
