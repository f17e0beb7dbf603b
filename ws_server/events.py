"""Events in the manner of Node's EventEmitter: listeners by name, called in the order they were added."""

from .compat import TYPE_CHECKING, print_exception, spawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self, TypeVar, overload

    Listener = Callable[..., object]
    L = TypeVar("L", bound=Callable[..., object])


class EventEmitter:
    """Keeps listeners for named events and calls them.

        @server.on("connection")
        def greet(conn):
            conn.send("hello")

    A listener that raises stops neither the other listeners nor the emitter: see `listener_failed`. A
    listener that is a coroutine function is started with `start_listener`.
    """

    default_max_listeners = 10

    def __init__(self) -> None:
        self._listeners: dict[str, list[tuple[Listener, bool]]] = {}
        self._max_listeners = self.default_max_listeners

    if TYPE_CHECKING:

        @overload
        def on(self, event: str) -> "_Decorator": ...
        @overload
        def on(self, event: str, listener: "Listener") -> "Self": ...

    def on(self, event: str, listener: "Any" = None) -> "Any":
        """Call `listener` at every `event`, return the emitter; without a listener, return a decorator.

        Raises TypeError if the listener is not callable, ValueError beyond `get_max_listeners()`.
        """
        if listener is None:
            return _Decorator(self, event, False)
        self._add(event, listener, False)
        return self

    add_listener = on

    if TYPE_CHECKING:

        @overload
        def once(self, event: str) -> "_Decorator": ...
        @overload
        def once(self, event: str, listener: "Listener") -> "Self": ...

    def once(self, event: str, listener: "Any" = None) -> "Any":
        """Call `listener` at the next `event` only; otherwise like `on`."""
        if listener is None:
            return _Decorator(self, event, True)
        self._add(event, listener, True)
        return self

    def _add(self, event: str, listener: "Listener", once: bool) -> None:
        if not callable(listener):
            raise TypeError(f"the listener for {event!r} is not callable")
        # A new list each time: `emit` may be at work on the old one.
        entries = list(self._listeners.get(event, ()))
        if self._max_listeners and len(entries) >= self._max_listeners:
            raise ValueError(
                f"more than {self._max_listeners} listeners for {event!r}: a leak? (see set_max_listeners)"
            )
        entries.append((listener, once))
        self._listeners[event] = entries

    def remove_listener(self, event: str, listener: "Listener") -> "Self":
        """Forget the listener added last for `event`, if there is one."""
        entries = self._listeners.get(event, [])
        for index in range(len(entries) - 1, -1, -1):
            if entries[index][0] == listener:
                self._listeners[event] = entries[:index] + entries[index + 1 :]
                break
        if event in self._listeners and not self._listeners[event]:
            del self._listeners[event]
        return self

    def remove_all_listeners(self, event: str | None = None) -> "Self":
        """Forget the listeners of `event`, or of all events."""
        if event is None:
            self._listeners = {}
        elif event in self._listeners:
            del self._listeners[event]
        return self

    def event_names(self) -> list[str]:
        """The events that have listeners."""
        return list(self._listeners)

    def listeners(self, event: str) -> "list[Listener]":
        """The listeners of `event` in the order of their calls."""
        return [entry[0] for entry in self._listeners.get(event, [])]

    def get_max_listeners(self) -> int:
        """How many listeners one event may have; 0 is no limit."""
        return self._max_listeners

    def set_max_listeners(self, count: int) -> "Self":
        """Change how many listeners one event may have; 0 is no limit. Raises ValueError below 0."""
        if count < 0:
            raise ValueError("max_listeners must be 0 or more")
        self._max_listeners = count
        return self

    def emit(self, event: str, *arguments: object) -> bool:
        """Call the listeners of `event` with the arguments; True if there was one.

        A listener added or removed meanwhile counts from the next time.
        """
        entries = self._listeners.get(event)
        if not entries:
            return False
        for listener, once in entries:
            if once:
                self.remove_listener(event, listener)
            try:
                result = listener(*arguments)
                if result is not None and hasattr(result, "send") and hasattr(result, "throw"):
                    self.start_listener(event, result)
            except Exception as error:
                self.listener_failed(event, error)
        return True

    def listener_failed(self, event: str, error: Exception) -> None:
        """A listener of `event` raised `error`: print it. Subclasses may report it in a better place."""
        print_exception(error)

    def start_listener(self, event: str, coroutine: "Any") -> None:
        """A listener of `event` was a coroutine function. Subclasses that have an event loop start it."""
        coroutine.close()
        raise TypeError(f"the listener for {event!r} is a coroutine function, but nothing here could run it")


class AsyncEventEmitter(EventEmitter):
    """An EventEmitter in an event loop: coroutine functions may listen; what listeners raise is an event."""

    def listener_failed(self, event: str, error: Exception) -> None:
        """Report a listener that raised as `error`; print it if that is what failed or nobody listens."""
        if event == "error" or not self.emit("error", error):
            super().listener_failed(event, error)

    def start_listener(self, event: str, coroutine: "Any") -> None:
        """Run a listener that is a coroutine function as a task."""
        spawn(self._guard(event, coroutine))

    async def _guard(self, event: str, coroutine: "Any") -> None:
        try:
            await coroutine
        except Exception as error:
            self.listener_failed(event, error)


class _Decorator:
    """What `on` and `once` return when used as decorators."""

    def __init__(self, emitter: EventEmitter, event: str, once: bool) -> None:
        self._emitter = emitter
        self._event = event
        self._once = once

    def __call__(self, listener: "L") -> "L":
        self._emitter._add(self._event, listener, self._once)
        return listener
