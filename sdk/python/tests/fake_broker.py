"""A broker that says what a test wants it to say."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets import Subprotocol
from websockets.asyncio.server import Server, ServerConnection, serve

from ams_client import Connection, join
from ams_client.timing import Timing

TOKEN = "t" * 43
QUICK = Timing(
    dial_s=2,
    diagnose_s=2,
    join_s=2,
    idle_s=30,
    pong_s=5,
    backoff_s=0.01,
    backoff_max_s=0.05,
    pause_s=0.02,
    close_s=1,
    hang_up_s=1,
    random=lambda: 0.5,
)
OWN_ID = "str_" + "0" * 26
PEER_ID = "str_" + "1" * 26
TS = "2026-01-01T00:00:00.000Z"


def named(name: str = "peer", stream_id: str = PEER_ID) -> dict[str, Any]:
    return {"stream_id": stream_id, "stream_name": name, "owner_account_id": "acc_1"}


def came(name: str = "peer", stream_id: str = PEER_ID) -> dict[str, Any]:
    return {"type": "stream_joined", **named(name, stream_id), "metadata": {}, "ts": TS}


def left(seq: str | None = None, stream_id: str = PEER_ID, name: str = "peer") -> dict[str, Any]:
    frame = {"type": "stream_left", **named(name, stream_id), "ts": TS}
    return frame if seq is None else {**frame, "seq": seq}


def token(seq: str, data: str, stream_id: str = PEER_ID, name: str = "peer") -> dict[str, Any]:
    return {"type": "token", **named(name, stream_id), "seq": seq, "ts": TS, "data": data}


def metadata(seq: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"type": "stream_metadata", **named(), "metadata": value, "seq": seq, "ts": TS}


class Call:
    """One socket, as the broker has it."""

    def __init__(self, inner: ServerConnection) -> None:
        assert inner.request is not None
        self.inner = inner
        parts = urlsplit(inner.request.path)
        self.path = parts.path
        self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.protocols = inner.request.headers.get("Sec-WebSocket-Protocol", "")

    async def join(self, **members: Any) -> None:
        name = self.query.get("stream_name", "own")
        joined = {
            "type": "joined",
            **named(name, OWN_ID),
            "metadata": {},
            "conversation_id": "conv_1",
            "conversation_metadata": {},
            "self_subscribe": False,
            "epoch": 1,
            "ts": TS,
            "peers": [],
        }
        await self.send({**joined, **members})

    async def send(self, *frames: dict[str, Any] | str) -> None:
        for frame in frames:
            await self.inner.send(frame if isinstance(frame, str) else json.dumps(frame))

    async def receive(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self.inner.recv())
        return frame

    async def close(self, code: int, reason: str) -> None:
        await self.inner.close(code, reason)

    def cut(self) -> None:
        self.inner.transport.abort()


class FakeBroker:
    """`async with FakeBroker() as broker:`."""

    def __init__(self) -> None:
        self.calls: asyncio.Queue[Call] = asyncio.Queue()
        self._server: Server | None = None
        self.refuse: tuple[int, str] | None = None

    async def __aenter__(self) -> FakeBroker:
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            0,
            subprotocols=[Subprotocol("ams.v1")],
            max_size=None,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def link(self) -> str:
        assert self._server is not None
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"http://127.0.0.1:{port}/ns/conversations/al?t={TOKEN}"

    async def call(self) -> Call:
        return await asyncio.wait_for(self.calls.get(), 5)

    async def _serve(self, inner: ServerConnection) -> None:
        if self.refuse is not None:
            await inner.close(*self.refuse)
            return
        self.calls.put_nowait(Call(inner))
        await inner.wait_closed()


async def join_quickly(
    broker: FakeBroker, joined: dict[str, Any] | None = None, **options: Any
) -> tuple[Connection, Call]:
    timing = options.pop("timing", QUICK)
    link = broker.link
    joining = asyncio.ensure_future(_await(join(link, timing=timing, **options)))
    call = await broker.call()
    await call.join(**(joined or {}))
    return await asyncio.wait_for(joining, 5), call


async def answer_ping(me: Connection, call: Call) -> None:
    """Ping, and answer it: everything sent before has arrived."""
    asking = asyncio.ensure_future(me.ping())
    while (await call.receive())["type"] != "ping":
        pass
    await call.send({"type": "pong"})
    assert await asking >= 0


def quick(**times: Any) -> Timing:
    return replace(QUICK, **times)


async def _await(joining: Awaitable[Connection]) -> Connection:
    return await joining


def with_broker(
    test: Callable[[FakeBroker], Awaitable[None]],
) -> Callable[[], None]:
    """Run an async test with a broker; it has 20 s, and no task may be left behind."""

    @functools.wraps(test)
    def run() -> None:
        async def body() -> None:
            async with FakeBroker() as broker:
                await asyncio.wait_for(test(broker), 20)
            await asyncio.sleep(0)
            for _ in range(50):
                others = asyncio.all_tasks() - {asyncio.current_task()}
                if not others:
                    return
                await asyncio.sleep(0.02)
            raise AssertionError(f"tasks are left: {others}")

        asyncio.run(body())

    del run.__wrapped__  # pytest would look for a fixture
    return run
