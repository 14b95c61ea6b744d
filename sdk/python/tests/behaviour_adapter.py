"""The Python SDK as a program that speaks JSON lines; see test/behaviour/README.md."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from ams_client import AmsError, AmsEvent, Connection, join

Read = Callable[[], Awaitable[Any]]


class State:
    """One connection of a case, with the iterators that it has begun."""

    def __init__(self, me: Connection) -> None:
        self.me = me
        self.events = me.events()
        self.iterators: dict[str, Read] = {}


connections: dict[str, State] = {}


async def take(iterator: AsyncIterator[Any], count: int | None = None) -> list[Any]:
    items: list[Any] = []
    while count is None or len(items) < count:
        try:
            items.append(await anext(iterator))
        except StopAsyncIteration:
            break
    return items


def listening(me: Connection, request: dict[str, Any]) -> Read | None:
    """What listens from now on, to be read later; None for any other call."""
    op, stream, count = request["op"], request.get("stream"), request.get("count")
    if op == "text":
        text = me.text(str(stream), gaps=request.get("gaps", "throw"))
        return lambda: take(text)
    if op == "turn_texts":
        turns = me.turns(str(stream))

        async def texts() -> list[str]:
            got: list[str] = []
            async for turn in turns:
                got.append(await turn.read())
                if len(got) == count:
                    break
            return got

        return texts
    if op == "all_turns":
        everybody = me.turns()

        async def all_texts() -> list[str]:
            return sorted(f"{turn.name}: {turn.text}" for turn in await take(everybody, count))

        return all_texts
    if op == "tokens":
        tokens = me.tokens(request.get("of"))

        async def data() -> list[str]:
            return [token.data for token in await take(tokens, count)]

        return data
    return None


async def call(request: dict[str, Any]) -> Any:
    op, on = request["op"], request["on"]
    if op == "join":
        connections[on] = State(await join(request["link"], **request["options"]))
        return None
    state = connections.get(on)
    if state is None:
        return None
    if op == "forget":
        del connections[on]
        return await state.me.close()
    read = listening(state.me, request)
    if read is None:
        return await plain(state, request)
    if not request.get("listen"):
        return await read()
    state.iterators[request["as"]] = read
    return None


async def plain(state: State, request: dict[str, Any]) -> Any:
    me, op = state.me, request["op"]
    if op == "read":
        return await state.iterators[request["name"]]()
    if op == "events":
        return [event_of(event) for event in await take(state.events, request["count"])]
    if op == "send":
        receipt = await me.send(request["data"])
        return receipt.seq if receipt else None
    if op == "pipe":
        return (await me.pipe(request["items"])).tokens
    if op == "set_metadata":
        await me.set_metadata(request["metadata"])
        return None
    if op == "peer":
        return (await me.peer(request["stream"])).stream_name
    if op == "closed":
        error = await me.wait_closed()
        return error.code if error else None
    simple = {"end_turn": me.end_turn, "ping": me.ping, "close": me.close}
    if op in simple:
        await simple[op]()
        return None
    if op in ("metadata", "cursor"):
        return getattr(me, op)
    assert op == "peers", op
    return sorted(peer.stream_name for peer in me.peers.values())


def event_of(event: AmsEvent) -> dict[str, Any]:
    names = ("type", "stream_name", "seq", "data", "metadata", "after", "before", "missing")
    fields = {name: getattr(event, name) for name in names if hasattr(event, name)}
    for name in ("reason", "reconnected", "replay", "replays", "cursor", "complete"):
        if hasattr(event, name):
            fields[name] = getattr(event, name)
    if event.type == "reconnecting":
        fields["code"] = event.cause.code
    return fields


async def answer(request: dict[str, Any]) -> None:
    try:
        result: dict[str, Any] = {"ok": await call(request)}
    except AmsError as error:
        result = {"error": error.code}
    except Exception:
        result = {"error": traceback.format_exc()}
    sys.stdout.write(json.dumps({"id": request["id"], **result}) + "\n")
    sys.stdout.flush()


async def main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    tasks: set[asyncio.Task[None]] = set()
    while line := await reader.readline():
        task = asyncio.create_task(answer(json.loads(line)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    for state in connections.values():
        await state.me.close()


if __name__ == "__main__":
    asyncio.run(main())
