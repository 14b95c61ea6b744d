"""A connection: one stream of one conversation, live, and everything that its peers send."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Any, overload

from .errors import AmsError, raised_anew
from .events import AmsEvent, JoinedEvent, Metadata, Peer, Receipt, TokenEvent, Turn
from .live import Live
from .pipe import Piped, Source, pipe
from .queue import EventQueue
from .roster import is_called
from .turns import Gaps, Text, read_all_turns, read_text, read_tokens, read_turns


class Connection:
    """What `join` gives. It comes back by itself when the connection breaks (§6).

    It keeps its stream name, reports `reconnecting` and `joined`, and ends permanently when AMS
    says so: `closed` is then the last event. Iterators receive what arrives after the call that
    made them. What comes before anybody listens is kept, up to about 256 KiB, for all who begin in
    the same turn of the event loop; when more comes, a `gap` event with reason `unread` replaces
    it. An iterator that is read too slowly gives what it kept (8 million characters) and then
    raises `slow_consumer`. When the connection ends, iterators give what they still hold; then they
    end if this side closed it, and raise its `AmsError` if not.

    It belongs to one event loop and one process. Use it as an async context manager, or `close` it.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._pid = os.getpid()

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def conversation_id(self) -> str:
        """`conv_…` (§1.1)."""
        return self._joined.conversation_id

    @property
    def conversation_metadata(self) -> Metadata:
        """What the minter said about the conversation; it never changes."""
        return self._joined.conversation_metadata

    @property
    def stream_id(self) -> str:
        """The id of this connection's own stream."""
        return self._joined.stream_id

    @property
    def stream_name(self) -> str:
        """The name of this connection's own stream."""
        return self._joined.stream_name

    @property
    def owner_account_id(self) -> str:
        """The account of the own stream; for a guest that of the link."""
        return self._joined.owner_account_id

    @property
    def resumed(self) -> bool:
        """True when the stream was live as this joined, and was taken over (§3.5)."""
        return self._joined.resumed

    @property
    def cursor(self) -> str | None:
        """The position in the log up to which everything has come; None where nothing is kept.

        `join(link, since=cursor)` goes on there; what came since the last `cursor` event comes
        again, with the same `seq`.
        """
        return self._live.position.cursor

    @property
    def metadata(self) -> Metadata:
        """A copy of the metadata of the own stream, as last sent."""
        return self._live.metadata

    @property
    def peers(self) -> Mapping[str, Peer]:
        """The other live streams by id. It changes as they come and go."""
        return MappingProxyType(self._live.roster.peers)

    async def wait_closed(self) -> AmsError | None:
        """Wait for the end: None when this side closed it. It never raises."""
        return await asyncio.shield(self._live.ended_future)

    # Listening

    async def peer(self, which: str | Callable[[Peer], bool]) -> Peer:
        """The first peer of this id or name, or that the predicate says yes to.

        Of those who are here, else of those who come or have new metadata from now on. Raises what
        ended the connection, and `invalid_argument` when the predicate raises.
        """
        self._check()
        loop = asyncio.get_running_loop()
        found: asyncio.Future[Peer] = loop.create_future()

        def look(peer: Peer) -> None:
            if found.done():
                return
            try:
                wanted = is_called(peer, which) if isinstance(which, str) else which(peer)
            except Exception as cause:
                error = AmsError("invalid_argument", "The predicate for a peer raised.")
                error.__cause__ = cause
                found.set_exception(error)
                return
            if wanted:
                found.set_result(peer)

        def stop(error: AmsError) -> None:
            if not found.done():
                found.set_exception(raised_anew(error))

        forget = self._live.on_stop(stop)
        stop_watching = self._live.roster.watch(look)
        try:
            return await found
        finally:
            stop_watching()
            forget()

    def tokens(self, of: str | None = None) -> EventQueue[TokenEvent]:
        """Tokens of all streams, or of one by its id or name, until that one leaves.

        They are raw: the token that ends a turn is one of them (`sentinel_of` finds it).
        """
        self._check()
        return read_tokens(self._live.dispatcher, self._live.roster, of)

    def events(self) -> EventQueue[AmsEvent]:
        """Everything that happens, in order."""
        self._check()
        return self._live.dispatcher.queue(lambda event, _: event)

    def on(self, kind: str, listener: Callable[[Any], None]) -> Callable[[], None]:
        """Call `listener` with every event of one type; the returned function stops that."""
        self._check()
        return self._live.dispatcher.on(kind, listener)

    def text(self, stream: str, *, gaps: Gaps = "throw") -> Text:
        """The pieces of one turn of one stream; `await me.text("ada").read()` is the whole.

        It ends at the next end of a turn, or when the stream leaves; a name that is not here yet is
        waited for. Raises `tokens_lost` at a hole, unless gaps is "skip". To ask and be answered,
        call this before you send.
        """
        self._check()
        return read_text(self._live.dispatcher, self._live.roster, stream, gaps)

    @overload
    def turns(self, stream: str, *, gaps: Gaps = "throw") -> AsyncIterator[Text]: ...
    @overload
    def turns(self, stream: None = None) -> EventQueue[Turn]: ...
    def turns(
        self, stream: str | None = None, *, gaps: Gaps = "throw"
    ) -> AsyncIterator[Text] | EventQueue[Turn]:
        """Turn after turn: of one stream as texts that grow, of everybody as finished `Turn`s."""
        self._check()
        if stream is None:
            return read_all_turns(self._live.dispatcher)
        return read_turns(self._live.dispatcher, self._live.roster, stream, gaps)

    # Sending

    async def send(self, data: str) -> Receipt | None:
        """Send one token of at most 65,536 bytes of UTF-8.

        Without receipts it returns None when the socket has it (no proof that it arrived); with
        `receipts=True` the token's seq and time when the broker has it. While there is no
        connection it waits, for as long as that tries to come back; a cancelled call takes a token
        back that has not gone out. Raises `backpressure` (the buffer is full; nothing was sent),
        `token_too_large`, `delivery_unknown` (with receipts), `closed`, and what ended the
        connection.
        """
        self._check()
        return await self._live.send(data)

    async def pipe(
        self,
        source: Source[Any],
        pick: Callable[[Any], str | None] | None = None,
        *,
        end_turn: bool = True,
    ) -> Piped:
        """Send every text of an iterable or async iterable as a token, as it comes.

        `pick` makes a text of an item; None sends nothing. The source is read no faster than the
        connection takes it, and is closed when the connection ends. The turn ends after it, unless
        `end_turn` is false. Raises what `send` raises, and `source_failed`.
        """
        self._check()
        self._live.raise_if_ended()
        piped = await pipe(self._live.outbox, source, pick, self._live.on_stop)
        if end_turn:
            await self._live.end_turn()
        return piped

    async def end_turn(self) -> Receipt | None:
        """End the turn, for those who read this stream by turns. Returns and raises as `send`."""
        self._check()
        return await self._live.end_turn()

    async def say(self, text: str) -> Receipt | None:
        """A whole message: the text as one token, then the end of the turn."""
        self._check()
        await self._live.send(text)
        return await self._live.end_turn()

    async def set_metadata(self, metadata: Metadata) -> Receipt | None:
        """Replace the stream's metadata, at most 16,384 bytes of JSON, and notify the others."""
        self._check()
        return await self._live.set_metadata(metadata)

    async def ping(self) -> float:
        """Seconds to the broker and back. Raises `connection_lost`."""
        self._check()
        return await self._live.ping()

    async def close(self) -> None:
        """Send what still waits, for 5 s at most, and leave. Calling it again is fine."""
        if os.getpid() == self._pid:
            await self._live.close()

    @property
    def _joined(self) -> JoinedEvent:
        if self._live.first is None:
            raise AmsError("closed", "The connection has not joined.")
        return self._live.first

    def _check(self) -> None:
        """A forked process has a copy of the socket: two writers would break its frames."""
        if os.getpid() != self._pid:
            raise AmsError(
                "closed", "This connection belongs to the process that forked: join again here."
            )
