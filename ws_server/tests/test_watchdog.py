"""Deadlines: noticed, moved, forgotten. Time here is real, but only its order is judged."""

import asyncio

from ws_server.watchdog import Watchdog


class Victim:
    """Notes that it has expired."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self.log = log
        self.done = asyncio.Event()

    def expire(self) -> None:
        self.log.append(self.name)
        self.done.set()


def test_expire_in_the_order_of_the_deadlines() -> None:
    async def scenario() -> list[str]:
        log: list[str] = []
        watchdog = Watchdog()
        late, early = Victim("late", log), Victim("early", log)
        watchdog.set(late, 60)
        watchdog.set(early, 10)
        await asyncio.wait_for(late.done.wait(), 5)
        return log

    assert asyncio.run(scenario()) == ["early", "late"]


def test_cleared_deadlines_do_not_expire() -> None:
    async def scenario() -> list[str]:
        log: list[str] = []
        watchdog = Watchdog()
        saved, lost = Victim("saved", log), Victim("lost", log)
        watchdog.set(saved, 1)
        watchdog.set(lost, 20)
        assert watchdog.has(saved)
        watchdog.clear(saved)
        watchdog.clear(saved)
        assert not watchdog.has(saved)
        await asyncio.wait_for(lost.done.wait(), 5)
        return log

    assert asyncio.run(scenario()) == ["lost"]


def test_watches_again_after_all_deadlines_have_gone() -> None:
    async def scenario() -> list[str]:
        log: list[str] = []
        watchdog = Watchdog()
        for name in ("first", "second"):
            victim = Victim(name, log)
            watchdog.set(victim, 1)
            await asyncio.wait_for(victim.done.wait(), 5)
        return log

    assert asyncio.run(scenario()) == ["first", "second"]
