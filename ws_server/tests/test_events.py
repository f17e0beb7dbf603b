"""EventEmitter does what Node's does, as far as Zephyr.js has it."""

import pytest

from ws_server.events import EventEmitter


class Recorder(EventEmitter):
    """Keeps what its listeners failed with."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[tuple[str, Exception]] = []

    def listener_failed(self, event: str, error: Exception) -> None:
        self.failures.append((event, error))


def test_listeners_are_called_in_order_with_the_arguments() -> None:
    emitter = EventEmitter()
    calls: list[object] = []
    emitter.on("e", lambda *args: calls.append(("first", args)))
    emitter.add_listener("e", lambda *args: calls.append(("second", args)))
    assert emitter.emit("e", 1, "two") is True
    assert calls == [("first", (1, "two")), ("second", (1, "two"))]


def test_emit_tells_whether_anybody_listened() -> None:
    assert EventEmitter().emit("e") is False


def test_on_decorates() -> None:
    emitter = EventEmitter()
    calls: list[int] = []

    @emitter.on("e")
    def listener(value: int) -> None:
        calls.append(value)

    emitter.emit("e", 7)
    assert calls == [7]
    assert emitter.listeners("e") == [listener]


def test_once_is_called_once() -> None:
    emitter = EventEmitter()
    calls: list[int] = []
    emitter.once("e", calls.append)

    @emitter.once("e")
    def listener(value: int) -> None:
        calls.append(value * 10)

    emitter.emit("e", 1)
    emitter.emit("e", 2)
    assert calls == [1, 10]
    assert emitter.event_names() == []


def test_once_may_emit_its_own_event() -> None:
    emitter = EventEmitter()
    calls: list[str] = []

    def listener() -> None:
        calls.append("called")
        emitter.emit("e")

    emitter.once("e", listener)
    emitter.emit("e")
    assert calls == ["called"]


def test_remove_listener_removes_the_last_one_added() -> None:
    emitter = EventEmitter()
    calls: list[str] = []

    def twice() -> None:
        calls.append("twice")

    emitter.on("e", twice).on("e", lambda: calls.append("between")).on("e", twice)
    emitter.remove_listener("e", twice)
    emitter.emit("e")
    assert calls == ["twice", "between"]


def test_removing_what_is_not_there_does_nothing() -> None:
    emitter = EventEmitter()
    assert emitter.remove_listener("e", print) is emitter
    assert emitter.remove_all_listeners("e") is emitter


def test_remove_all_listeners() -> None:
    emitter = EventEmitter().on("a", print).on("b", print)
    assert sorted(emitter.event_names()) == ["a", "b"]
    emitter.remove_all_listeners("a")
    assert emitter.event_names() == ["b"]
    emitter.remove_all_listeners()
    assert emitter.event_names() == []


def test_listener_removed_while_emitting_is_still_called_this_time() -> None:
    emitter = EventEmitter()
    calls: list[str] = []

    def second() -> None:
        calls.append("second")

    emitter.on("e", lambda: emitter.remove_listener("e", second))
    emitter.on("e", second)
    emitter.emit("e")
    emitter.emit("e")
    assert calls == ["second"]


def test_listener_that_raises_stops_nobody() -> None:
    emitter = Recorder()
    calls: list[str] = []

    def broken() -> None:
        raise KeyError("broken")

    emitter.on("e", broken)
    emitter.on("e", lambda: calls.append("next"))
    assert emitter.emit("e")
    assert calls == ["next"]
    assert [(event, type(error)) for event, error in emitter.failures] == [("e", KeyError)]


def test_by_default_a_listener_that_raises_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise KeyError("broken")

    EventEmitter().on("e", broken).emit("e")
    assert "KeyError: 'broken'" in capsys.readouterr().err


def test_coroutine_function_without_an_event_loop_fails_as_a_listener() -> None:
    emitter = Recorder()

    async def listener() -> None:
        pass

    emitter.on("e", listener)
    emitter.emit("e")
    assert "coroutine function" in str(emitter.failures[0][1])


def test_number_of_listeners_is_limited() -> None:
    emitter = EventEmitter()
    assert emitter.get_max_listeners() == 10
    emitter.set_max_listeners(2)
    emitter.on("e", print).on("e", print).on("other", print)
    with pytest.raises(ValueError, match="more than 2 listeners for 'e'"):
        emitter.on("e", print)
    emitter.set_max_listeners(0)
    for _ in range(20):
        emitter.on("e", print)
    assert len(emitter.listeners("e")) == 22


def test_wrong_arguments() -> None:
    with pytest.raises(TypeError, match="not callable"):
        EventEmitter().on("e", 7)  # type: ignore[call-overload]  # the mistake under test
    with pytest.raises(ValueError, match="0 or more"):
        EventEmitter().set_max_listeners(-1)
