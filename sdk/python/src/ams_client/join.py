"""Joining a conversation by its magic link."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Any, Literal

from .account import diagnose
from .connection import Connection
from .events import Metadata, PeerIdentity
from .limits import RECONNECT_FOR_S, SEND_BUFFER_BYTES
from .link import Link, parse_link
from .live import Live
from .options import Wishes, check_amount, read_wishes
from .position import read_catch_up
from .socket import OnFrame
from .timing import Timing


class Joining:
    """Await it, or use it by `async with`: both give a `Connection`."""

    def __init__(self, link: Link, wishes: Wishes, options: dict[str, Any]) -> None:
        self._link = link
        self._wishes = wishes
        self._options = options
        self._connection: Connection | None = None

    def __await__(self) -> Generator[Any, None, Connection]:
        return self._join().__await__()

    async def __aenter__(self) -> Connection:
        self._connection = await self._join()
        return self._connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _join(self) -> Connection:
        base_url = self._link.base_url
        live = Live(self._wishes, diagnose=lambda: diagnose(base_url), **self._options)
        await live.start()
        return Connection(live)


def join(
    magic_link: str,
    *,
    credential: str | None = None,
    stream_name: str | None = None,
    stream_metadata: Metadata | None = None,
    peer_identity: PeerIdentity | None = None,
    self_subscribe: bool = False,
    subscribe_streams: Sequence[str] | None = None,
    receipts: bool = False,
    since: str | None = None,
    last: int | None = None,
    catch_up: Literal["frames", "assembled", "log"] | None = None,
    reconnect_for_s: float = RECONNECT_FOR_S,
    send_buffer_bytes: int = SEND_BUFFER_BYTES,
    on_frame: OnFrame | None = None,
    timing: Timing | None = None,
) -> Joining:
    """Join a conversation: `async with join(link) as me:`, or `me = await join(link)`.

    Without a credential it joins as a guest, where the deployment lets guests in. `stream_name` is
    1 to 63 of A-Z, a-z, 0-9, dot, _ and -; generated unless given. `stream_metadata` is at most
    16,384 bytes of JSON. `subscribe_streams` receives tokens and metadata of these stream ids only.
    `since` receives first what was kept (§7) after this cursor, or of the last time, such as "10m";
    `last` the last so many kept frames; `catch_up` says how: one event each ("frames"), in
    `replayed` events ("assembled"), or from the log for good, each with its cursor ("log").
    `receipts=True` has every send proved by the broker. `reconnect_for_s` is how long a broken
    connection tries to come back: 0 is not at all. `send_buffer_bytes` may wait before `send`
    raises `backpressure`. `on_frame` is called with "in" or "out" and every frame.

    Raises `AmsError`: at once `invalid_link` and other `invalid_…` of arguments; when awaited what
    refused the join (§3.3), `unreachable`, `not_ams`, `websocket_blocked`, `timeout`. Source: §3.
    """
    link = parse_link(magic_link)
    wishes = read_wishes(
        link,
        credential=credential,
        stream_name=stream_name,
        stream_metadata=stream_metadata,
        peer_identity=peer_identity,
        self_subscribe=self_subscribe,
        subscribe_streams=subscribe_streams,
        receipts=receipts,
        catch_up=read_catch_up(since, last, catch_up),
    )
    options: dict[str, Any] = {
        "timing": timing or Timing(),
        "reconnect_for_s": check_amount("reconnect_for_s", reconnect_for_s),
        "send_buffer_bytes": check_amount("send_buffer_bytes", send_buffer_bytes),
        "on_frame": on_frame,
    }
    return Joining(link, wishes, options)
