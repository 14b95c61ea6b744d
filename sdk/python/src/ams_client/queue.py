"""A capped queue behind an async iterator: it waits for its reader, up to a limit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from .errors import AmsError, raised_anew
from .limits import QUEUE_CHARACTERS_MAX

T = TypeVar("T")


class EventQueue(Generic[T]):
    """An async iterator. An item that doesn't fit ends it with `slow_consumer`.

    Its reader still gets every item that came before, so a slow reader loses nothing silently. The
    connection holds it weakly: an iterator that nobody reads any more costs nothing.
    """

    def __init__(self, characters_max: int = QUEUE_CHARACTERS_MAX) -> None:
        self._characters_max = characters_max
        self._items: deque[tuple[T, int]] = deque()
        self._characters = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._error: AmsError | None = None
        self.ended = False
        self.on_end: Callable[[], None] | None = None

    def push(self, item: T, characters: int) -> None:
        """Add an item that came as this many characters."""
        if self.ended:
            return
        if self._items and self._characters + characters > self._characters_max:
            sentence = "The events were read too slowly, and their queue is full."
            self.end(AmsError("slow_consumer", sentence))
            return
        self._items.append((item, characters))
        self._characters += characters
        if self._waiters:
            self._wake(1)

    def end(self, error: AmsError | None) -> None:
        """No more items: the reader gets what waits, then the error or the end."""
        if self.ended:
            return
        self.ended = True
        self._error = error
        if self.on_end is not None:
            self.on_end()
        self._wake(len(self._waiters))

    def __aiter__(self) -> EventQueue[T]:
        return self

    async def __anext__(self) -> T:
        while not self._items:
            if self.ended:
                self._raise()
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake(1)  # It was woken for an item: wake another one instead.
                raise
            finally:
                if not waiter.done() or waiter.cancelled():
                    self._forget(waiter)
        item, characters = self._items.popleft()
        self._characters -= characters
        return item

    async def aclose(self) -> None:
        """Stop listening, and drop what waits."""
        self._items.clear()
        self._characters = 0
        self.end(None)
        self._error = None

    def _raise(self) -> None:
        """An error is raised once; after it the iterator is done, as a generator is."""
        error, self._error = self._error, None
        if error is None:
            raise StopAsyncIteration
        raise raised_anew(error) from error.__cause__

    def _wake(self, count: int) -> None:
        while count > 0 and self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1

    def _forget(self, waiter: asyncio.Future[None]) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
