"""Sends a source as tokens, as it comes and no faster than the connection takes it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from .errors import AmsError, raised_anew
from .events import Receipt
from .outbox import Outbox, Outgoing
from .tokens import token_frame

Item = TypeVar("Item")
Source = AsyncIterable[Item] | Iterable[Item]
"""A model's stream, a process's output, a list: whatever gives one item after the other."""


@dataclass(frozen=True, slots=True)
class Piped:
    """How many tokens went out, and the receipt of the last one (None without receipts)."""

    tokens: int
    receipt: Receipt | None


async def pipe(
    outbox: Outbox,
    source: Source[Any],
    pick: Callable[[Any], str | None] | None,
    on_stop: Callable[[Callable[[AmsError], None]], Callable[[], None]],
) -> Piped:
    """Returns when all is handed over (with receipts: taken by the broker).

    Raises the connection's error when that ends, `source_failed`, `token_too_large`,
    `invalid_argument`. The source is closed whenever it is not read to its end.
    """
    pull, close = _open(source)
    stopped: list[AmsError] = []
    running = asyncio.get_running_loop().create_task(_run(outbox, pull, pick))

    def stop(error: AmsError) -> None:
        stopped.append(error)
        running.cancel()

    forget = on_stop(stop)
    try:
        return await running
    except BaseException as error:
        running.cancel()
        await close()
        if stopped and isinstance(error, asyncio.CancelledError):
            raise raised_anew(stopped[0]) from None
        raise
    finally:
        forget()


async def _run(
    outbox: Outbox, pull: Callable[[], Any], pick: Callable[[Any], str | None] | None
) -> Piped:
    tokens = 0
    unreceipted: set[asyncio.Task[Receipt | None]] = set()
    last: asyncio.Task[Receipt | None] | None = None
    try:
        while True:
            found, item = await _from_source(pull)
            data = _picked(pick, item) if found else None
            if not found:
                break
            if data is None:
                continue
            frame = Outgoing(token_frame(data))
            while not outbox.has_room(frame.size):
                await outbox.changed()
            if outbox.receipts:
                last = asyncio.get_running_loop().create_task(outbox.put(frame))
                unreceipted.add(last)
                await asyncio.sleep(0)
                _drop_done(unreceipted)
            else:
                await outbox.put(frame)
            tokens += 1
        await asyncio.gather(*unreceipted)
        return Piped(tokens, await last if last is not None else None)
    except BaseException:
        for task in unreceipted:
            task.cancel()
        await asyncio.gather(*unreceipted, return_exceptions=True)
        raise


def _drop_done(tasks: set[asyncio.Task[Receipt | None]]) -> None:
    """Forget those whose receipt came; raise what one failed with."""
    for task in [task for task in tasks if task.done()]:
        tasks.discard(task)
        task.result()


async def _from_source(pull: Callable[[], Any]) -> tuple[bool, Any]:
    try:
        return True, await pull()
    except (StopIteration, StopAsyncIteration):
        return False, None
    except Exception as cause:
        raise AmsError("source_failed", "The source of the pipe failed.") from cause


def _picked(pick: Callable[[Any], str | None] | None, item: Any) -> str | None:
    if pick is None:
        return item  # type: ignore[no-any-return]  # token_frame refuses what is no text
    try:
        return pick(item)
    except Exception as cause:
        raise AmsError("source_failed", "The picker of the pipe failed.") from cause


def _open(source: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    if hasattr(source, "__aiter__"):
        many: AsyncIterator[Any] = source.__aiter__()
        return many.__anext__, lambda: _close(getattr(many, "aclose", None))
    if hasattr(source, "__iter__") and not isinstance(source, str | bytes):
        few: Iterator[Any] = iter(source)
        return lambda: _next(few), lambda: _close(getattr(few, "close", None))
    raise AmsError(
        "invalid_argument", "A pipe reads from an async iterable or an iterable of texts."
    )


async def _next(iterator: Iterator[Any]) -> Any:
    for item in iterator:
        return item
    raise StopAsyncIteration


async def _close(close: Callable[[], Any] | None) -> None:
    """Close a source that nobody reads on; what it raises then is ignored."""
    if close is None:
        return
    try:
        result = close()
        if asyncio.iscoroutine(result) or hasattr(result, "__await__"):
            await result
    except Exception:
        return
