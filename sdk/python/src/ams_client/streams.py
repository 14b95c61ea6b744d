"""Several streams of one conversation in one program: one for each agent of a team."""

from __future__ import annotations

import asyncio
import re
from types import TracebackType
from typing import Any

from .connection import Connection
from .join import join
from .tokens import split_text

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]")
NAME_CHARACTERS_MAX = 63
"""Characters of a stream name (§1.1)."""


def stream_name_of(name: str) -> str:
    """A stream name for any name: "Travel Agent" is `Travel-Agent`, and "" is `agent`."""
    text = _NOT_IN_A_NAME.sub("-", name)[:NAME_CHARACTERS_MAX]
    return text.strip("-._") or "agent"


class Streams:
    """`async with Streams(link, credential=…) as team:` and `await team.write("Planner", text)`.

    Each name has a connection, which joins at its first use; `options` are those of `join` but
    `stream_name`. Names that become the same stream name (`stream_name_of`) are one stream. The end
    of the block ends the open turn and closes all. Give a credential: guests of a link are one
    account, and take each other's streams by name (§3.2.3). Raises what `join` and `send` raise;
    `account_concurrency_limit` past the account's streams, 10 unless its deployment says otherwise.
    """

    def __init__(self, magic_link: str, **options: Any) -> None:
        self._magic_link = magic_link
        self._options = options
        self._joining: dict[str, asyncio.Future[Connection]] = {}
        self._writer: str | None = None

    async def __aenter__(self) -> Streams:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                await self.end_turn()
        finally:
            joined = await asyncio.gather(*self._joining.values(), return_exceptions=True)
            open_ones = [one for one in joined if isinstance(one, Connection)]
            await asyncio.gather(*(one.close() for one in open_ones))

    async def stream(self, name: str) -> Connection:
        """The connection of this name. A join that failed is tried again by the next call."""
        key = stream_name_of(name)
        if key not in self._joining:
            self._joining[key] = asyncio.ensure_future(self._join(key))
        joining = self._joining[key]
        try:
            return await asyncio.shield(joining)
        except BaseException:
            if joining.done() and self._joining.get(key) is joining:
                del self._joining[key]
            raise

    async def write(self, name: str, text: str) -> None:
        """Text of one agent. When another one wrote before, that one's turn ends first."""
        if not text:
            return
        if self._writer is not None and self._writer != name:
            await self.end_turn()
        me = await self.stream(name)
        self._writer = name
        for token in split_text(text):
            await me.send(token)

    async def end_turn(self) -> None:
        """End the turn of the one that wrote last, if it is open."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await (await self.stream(writer)).end_turn()

    async def _join(self, stream_name: str) -> Connection:
        return await join(self._magic_link, stream_name=stream_name, **self._options)
