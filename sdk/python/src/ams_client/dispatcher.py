"""Hands every event to whoever listens; keeps what comes before anybody does, up to a limit."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from .errors import AmsError
from .events import AmsEvent, GapEvent
from .limits import BACKLOG_CHARACTERS_MAX, EVENT_CHARACTERS
from .queue import EventQueue

T = TypeVar("T")
Select = Callable[[AmsEvent, EventQueue[T]], "T | None"]
"""Maps an event to what a queue holds; None passes it over. It may end the queue."""

Listener = Callable[[Any], None]


class _Kept(NamedTuple):
    event: AmsEvent
    characters: int


class _Sink(NamedTuple):
    queue: weakref.ref[EventQueue[Any]]
    select: Select[Any]


class Dispatcher:
    """One per connection."""

    def __init__(self) -> None:
        self._sinks: dict[int, _Sink] = {}
        self._listeners: dict[object, tuple[str, Listener]] = {}
        self._backlog: list[_Kept] | None = []
        self._backlog_characters = 0
        self._ended = False
        self._error: AmsError | None = None

    def publish(self, event: AmsEvent, characters: int) -> None:
        """`characters` is the length of the text that the event came as."""
        kept = _Kept(event, characters + EVENT_CHARACTERS)
        if self._backlog is not None:
            self._keep(kept)
        for sink in list(self._sinks.values()):
            _deliver(sink, kept)
        for kind, listener in list(self._listeners.values()):
            if kind == event.type:
                _call(listener, event)

    def end(self, error: AmsError | None) -> None:
        """Nothing is published any more: iterators give what waits, then raise or end."""
        self._ended = True
        self._error = error
        for sink in list(self._sinks.values()):
            queue = sink.queue()
            if queue is not None:
                queue.end(error)
        self._sinks.clear()

    def queue(self, select: Select[T]) -> EventQueue[T]:
        """A new iterator over what `select` takes, from the backlog on."""
        queue: EventQueue[T] = EventQueue()
        key = id(queue)

        def forget(_: object = None) -> None:
            self._sinks.pop(key, None)

        sink = _Sink(weakref.ref(queue, forget), select)
        if not self._ended:
            self._sinks[key] = sink
        queue.on_end = forget
        for kept in self._claim_backlog():
            _deliver(sink, kept)
        if self._ended:
            queue.end(self._error)
        return queue

    def on(self, kind: str, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event of one type; tokens from the backlog on."""
        key = object()
        loop = asyncio.get_running_loop()
        early = [k.event for k in self._claim_backlog()] if kind == "token" else []
        self._listeners[key] = (kind, listener)
        if early:
            # Not from within `on`: its caller does not expect to be called yet.
            self._listeners[key] = (kind, lambda event: early.append(event))
            loop.call_soon(self._catch_up, key, early, kind, listener)

        def stop() -> None:
            self._listeners.pop(key, None)

        return stop

    def _catch_up(self, key: object, early: list[AmsEvent], kind: str, listener: Listener) -> None:
        for event in early:
            if key not in self._listeners:
                return
            if event.type == kind:
                _call(listener, event)
        if key in self._listeners:
            self._listeners[key] = (kind, listener)

    def _keep(self, kept: _Kept) -> None:
        self._backlog_characters += kept.characters
        if self._backlog is None:
            return
        if self._backlog_characters <= BACKLOG_CHARACTERS_MAX:
            self._backlog.append(kept)
            return
        unread = GapEvent(None, None, None, None, None, "unread")
        self._backlog = [_Kept(unread, EVENT_CHARACTERS)]
        self._backlog_characters = EVENT_CHARACTERS

    def _claim_backlog(self) -> list[_Kept]:
        """Everybody who begins to listen in the same turn receives it; then it is gone."""
        backlog = self._backlog
        if backlog is None:
            return []
        asyncio.get_running_loop().call_soon(self._drop_backlog)
        return list(backlog)

    def _drop_backlog(self) -> None:
        self._backlog = None


def _deliver(sink: _Sink, kept: _Kept) -> None:
    queue = sink.queue()
    if queue is None:
        return
    item = sink.select(kept.event, queue)
    if item is not None:
        queue.push(item, kept.characters)


def _call(listener: Listener, event: AmsEvent) -> None:
    try:
        listener(event)
    except Exception as error:  # A listener's mistake must not end the connection.
        context = {"message": "A listener of an AMS connection raised.", "exception": error}
        asyncio.get_running_loop().call_exception_handler(context)
