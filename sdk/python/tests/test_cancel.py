"""Cancellation at every await of every call: the connection goes on, and nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator
from typing import Any

import pytest

from ams_client import (
    AmsError,
    Connection,
    TokenEvent,
    create_account,
    inspect,
    join,
    offer,
    open_account,
)
from fake_broker import QUICK, TS, Call, FakeBroker, came, join_quickly, token, with_broker

SUSPENSIONS_MAX = 200
"""Awaits of one call that are tried; a call that has more fails its test."""


class CancelledAt:
    """Awaits `work` and cancels the task when it is suspended for the `nth` time, from 0."""

    def __init__(self, work: Awaitable[Any], nth: int) -> None:
        self._work = work
        self._nth = nth
        self.was_reached = False

    def __await__(self) -> Generator[Any, None, Any]:
        inner = self._work.__await__()
        at = 0
        error: BaseException | None = None
        while True:
            try:
                pending = inner.send(None) if error is None else inner.throw(error)
            except StopIteration as done:
                return done.value
            error = None
            if at == self._nth:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
                self.was_reached = True
            at += 1
            try:
                yield pending
            except BaseException as raised:
                error = raised


Work = Callable[[], Coroutine[Any, Any, object]]


async def at_every_await(work: Work, after: Callable[[], Awaitable[None]] | None = None) -> int:
    """Run it again and again, cancelled one await later each time, until it ends by itself. Gives
    the number of its awaits."""
    for nth in range(SUSPENSIONS_MAX):
        probe = CancelledAt(work(), nth)
        task = asyncio.ensure_future(_awaited(probe))
        (result,) = await asyncio.gather(task, return_exceptions=True)
        if not probe.was_reached:
            if isinstance(result, BaseException):
                raise result
            return nth
        # A call that was done at that moment may still end well; no other error comes out.
        assert isinstance(result, asyncio.CancelledError) or not isinstance(result, BaseException)
        if after is not None:
            await after()
    raise AssertionError(f"more than {SUSPENSIONS_MAX} awaits")


async def _awaited(probe: CancelledAt) -> object:
    return await probe


async def answering(call: Call, said: list[str]) -> None:
    """A broker that takes everything, with a receipt for each frame and a pong for each ping."""
    count = 0
    while True:
        frame = await call.receive()
        if frame["type"] == "ping":
            await call.send({"type": "pong"})
            continue
        count += 1
        if frame["type"] == "token":
            said.append(frame["data"])
        await call.send({"type": "x_receipt", "seq": f"1-{count}", "ts": TS})


async def _source() -> AsyncIterator[str]:
    for text in ("a", "b", "c"):
        await asyncio.sleep(0)
        yield text


Calls = dict[str, Callable[[Connection], Coroutine[Any, Any, object]]]

CALLS: Calls = {
    "send": lambda me: me.send("x"),
    "end_turn": lambda me: me.end_turn(),
    "set_metadata": lambda me: me.set_metadata({"n": 1}),
    "ping": lambda me: me.ping(),
    "pipe": lambda me: me.pipe(_source()),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_is_cancelled_leaves_a_connection_that_goes_on(name: str) -> None:
    @with_broker
    async def body(broker: FakeBroker) -> None:
        me, call = await join_quickly(broker, receipts=True)
        said: list[str] = []
        serving = asyncio.ensure_future(answering(call, said))
        after = 0

        async def goes_on() -> None:
            nonlocal after
            after += 1
            receipt = await asyncio.wait_for(me.send(f"after {after}"), 5)
            assert receipt is not None
            assert said[-1] == f"after {after}"

        count = await at_every_await(lambda: CALLS[name](me), goes_on)
        assert count > 0
        assert [text for text in said if text.startswith("after")] == [
            f"after {n + 1}" for n in range(after)
        ]
        await me.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    body()


@with_broker
async def test_a_cancelled_read_of_any_kind_loses_nothing_and_ends_nothing(
    broker: FakeBroker,
) -> None:
    me, call = await join_quickly(broker)
    tokens, events, turns = me.tokens(), me.events(), me.turns()
    await call.send(came())
    assert (await anext(events)).type == "joined"
    assert (await anext(events)).type == "stream_joined"
    seq, cancelled = 0, 0
    for reader in (tokens, events):
        got: list[str] = []
        for _ in range(3):
            seq += 1
            task = asyncio.ensure_future(_awaited(CancelledAt(anext(reader), 0)))
            (item,) = await asyncio.gather(task, return_exceptions=True)
            if isinstance(item, TokenEvent):
                got.append(item.data)  # It was there, so nothing was awaited.
            cancelled += task.cancelled()
            await call.send(token(f"1-{seq}", f"t{seq}"))
            while f"t{seq}" not in got:
                event = await asyncio.wait_for(anext(reader), 5)
                if isinstance(event, TokenEvent):
                    got.append(event.data)
        assert got == [f"t{n}" for n in range(1, seq + 1)]
    assert cancelled >= 3
    waiting = asyncio.ensure_future(_awaited(CancelledAt(anext(turns), 0)))
    await asyncio.gather(waiting, return_exceptions=True)
    await me.close()


@with_broker
async def test_a_cancelled_wait_for_a_peer_or_the_end_leaves_the_connection(
    broker: FakeBroker,
) -> None:
    me, call = await join_quickly(broker)
    for work in (lambda: me.peer("ada"), lambda: me.wait_closed()):
        task = asyncio.ensure_future(_awaited(CancelledAt(_one(work()), 0)))
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
    await call.send(came("ada"))
    assert (await asyncio.wait_for(me.peer("ada"), 5)).stream_name == "ada"
    await me.close()


async def _one(work: Awaitable[object]) -> object:
    return await work


@with_broker
async def test_a_join_or_a_block_that_is_cancelled_leaves_no_socket(broker: FakeBroker) -> None:
    calls: list[Call] = []

    async def admit() -> None:
        while True:
            calls.append(await broker.calls.get())
            await calls[-1].join()

    async def block() -> None:
        async with join(broker.link, timing=QUICK) as me:
            await me.send("x")

    admitting = asyncio.ensure_future(admit())
    assert await at_every_await(block) > 0
    admitting.cancel()
    await asyncio.gather(admitting, return_exceptions=True)
    assert len(calls) > 1
    await asyncio.wait_for(asyncio.gather(*(one.inner.wait_closed() for one in calls)), 5)


@with_broker
async def test_a_close_that_is_cancelled_closes_all_the_same(broker: FakeBroker) -> None:
    for nth in range(SUSPENSIONS_MAX):
        me, call = await join_quickly(broker, receipts=True)
        waiting = asyncio.ensure_future(me.send("x"))
        await call.receive()
        probe = CancelledAt(me.close(), nth)
        task = asyncio.ensure_future(_awaited(probe))
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.wait_for(me.close(), 5)
        (result,) = await asyncio.gather(waiting, return_exceptions=True)
        assert isinstance(result, AmsError)
        with pytest.raises(AmsError):
            await me.send("y")
        if not probe.was_reached:
            return
    raise AssertionError("more awaits than tried")


def test_a_request_that_is_cancelled_leaves_nothing() -> None:
    async def body() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await reader.readuntil(b"\r\n\r\n")
                head = b"HTTP/1.1 401 x\r\ncontent-type: application/json\r\ncontent-length: "
                text = b'{"error":"invalid_credential","message":"no"}'
                writer.write(head + str(len(text)).encode() + b"\r\n\r\n" + text)
                await writer.drain()
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        link = f"{url}/ns/conversations/al?t={'t' * 43}"
        credential = "ams_sk_" + "c" * 43
        requests: list[Work] = [
            lambda: offer(url),
            lambda: create_account(url),
            lambda: inspect(link),
            lambda: open_account(url, credential=credential),
        ]

        async def refused(work: Work) -> None:
            with pytest.raises(AmsError):
                await work()

        for work in requests:
            assert await at_every_await(lambda one=work: refused(one)) > 0  # type: ignore[misc]
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(body())
