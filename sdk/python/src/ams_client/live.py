"""A connection at work: what the socket receives becomes events, what its owner sends goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .conventions import END_OF_TURN_DATA
from .dispatcher import Dispatcher
from .errors import AmsError, closed_error, raised_anew
from .events import (
    ClosedEvent,
    JoinedEvent,
    Metadata,
    Receipt,
    ReconnectingEvent,
)
from .frames import ServerFrame
from .intake import Intake
from .metadata import copy_of, fits_address, read_metadata, to_json
from .options import Wishes, address_of
from .outbox import Outbox, Outgoing
from .position import Position
from .reconnecting import ReconnectingConnection
from .roster import Roster
from .socket import OnFrame, WebSocket
from .timing import Timing
from .tokens import token_frame


class _Observed:
    """The socket as the outbox sees it: `on_frame` is called with what goes out."""

    def __init__(self, socket: WebSocket, on_frame: OnFrame) -> None:
        self._socket = socket
        self._on_frame = on_frame

    async def send(self, text: str) -> bool:
        written = await self._socket.send(text)
        if written:
            self._on_frame("out", text)
        return written


class Live:
    """The parts of one connection, and how they work together. `Connection` is its face."""

    def __init__(
        self,
        wishes: Wishes,
        *,
        timing: Timing,
        reconnect_for_s: float,
        send_buffer_bytes: int,
        on_frame: OnFrame | None,
        diagnose: Callable[[], Awaitable[AmsError]],
    ) -> None:
        self._wishes = wishes
        self._timing = timing
        self._on_frame = on_frame
        self.dispatcher = Dispatcher()
        self.roster = Roster()
        self._intake = Intake(self.dispatcher, self.roster)
        self.outbox = Outbox(send_buffer_bytes, wishes.receipts)
        self.position = Position(wishes.catch_up)
        self.first: JoinedEvent | None = None
        # The own metadata as JSON: as last asked for, and as last given to a socket.
        self.wanted: str | None = wishes.stream_metadata
        self._given: str | None = wishes.stream_metadata
        self._restoring: Outgoing | None = None
        self.ending: AmsError | None = None
        loop = asyncio.get_running_loop()
        self.ended_future: asyncio.Future[AmsError | None] = loop.create_future()
        self._joined: asyncio.Future[None] = loop.create_future()
        self._stops: dict[object, Callable[[AmsError], None]] = {}
        self._connection = ReconnectingConnection(
            self, self._address, diagnose, timing, reconnect_for_s, on_frame
        )

    async def start(self) -> None:
        """Join. Raises what refused it; a cancelled call leaves nothing behind."""
        self._connection.start()
        try:
            await self._joined
        except asyncio.CancelledError:
            self._connection.end(closed_error())
            raise

    # What the owner asks for

    async def send(self, data: str) -> Receipt | None:
        """One token."""
        return await self._put(Outgoing(token_frame(data)))

    async def end_turn(self) -> Receipt | None:
        """The token that ends a turn."""
        return await self.send(END_OF_TURN_DATA)

    async def set_metadata(self, metadata: Metadata) -> Receipt | None:
        """New metadata; it stays wanted when the frame may have gone out."""
        text = read_metadata(metadata, "invalid_metadata")
        before = self.wanted

        def handed() -> None:
            self._given = text

        frame = Outgoing(f'{{"type":"set_metadata","metadata":{text}}}', handed)
        self.wanted = text
        try:
            return await self._put(frame)
        except BaseException:
            if self.wanted is text and self._given is not text:
                self.wanted = before  # It never went out.
            raise

    async def ping(self) -> float:
        """Seconds to the broker and back."""
        self.raise_if_ended()
        return await self._connection.ping()

    async def close(self) -> None:
        """Send what still waits, for a few seconds at most, and leave."""
        if self.ending is None:
            self._stop(closed_error())
            try:
                if not self.outbox.is_idle:
                    await asyncio.wait_for(self._idle(), self._timing.close_s)
            except asyncio.TimeoutError:
                pass
            finally:
                self._connection.end(None)
        await asyncio.shield(self._connection.hung_up)

    def raise_if_ended(self) -> None:
        """Raises why nothing more can be begun, if so."""
        if self.ending is not None:
            raise raised_anew(self.ending)

    def on_stop(self, call: Callable[[AmsError], None]) -> Callable[[], None]:
        """Call back at the end of the connection; the returned function stops that."""
        key = object()
        self._stops[key] = call

        def forget() -> None:
            self._stops.pop(key, None)

        return forget

    @property
    def metadata(self) -> Metadata:
        """A copy of the own metadata as last asked for."""
        return copy_of(self.wanted) if self.wanted is not None else {}

    # What the reconnecting connection reports

    def joined(self, frame: JoinedEvent, socket: WebSocket, characters: int) -> None:
        """A connection is established, for the first time or again."""
        is_first = self.first is None
        if self.first is None:
            self.first = frame
        if self.wanted is None:
            self.wanted = to_json(frame.metadata)
        if self._given is None:
            self._given = to_json(frame.metadata)
        if not fits_address(self._given):
            self._restore(self._given)
        self._intake.joined(frame, characters, replays=self.position.joined(frame))
        if is_first and not self._joined.done():
            self._joined.set_result(None)
        self.outbox.attach(self._observed(socket))

    def received(self, frame: ServerFrame, characters: int) -> None:
        """Any later frame."""
        if isinstance(frame, Receipt):
            self.outbox.receipt(frame)
        else:
            self._intake.received(frame, characters)
            self.position.received(frame)

    def moving(self) -> None:
        """Another connection is under way: this one will be fenced off."""
        self.outbox.pause()

    def staying(self, socket: WebSocket) -> None:
        """It failed: this one goes on."""
        self.outbox.attach(self._observed(socket))

    def away(self) -> None:
        """There is no connection."""
        self.outbox.detach()
        self.roster.away()

    def retrying(self, cause: AmsError, attempt: int, delay_s: float) -> None:
        """It broke and will be tried again."""
        self._intake.broke(cause)
        self.dispatcher.publish(ReconnectingEvent(attempt, delay_s, cause), 0)

    def ended(self, error: AmsError | None) -> None:
        """It is over."""
        reason = error or closed_error()
        self._stop(reason)
        self.outbox.end(reason)
        self.dispatcher.publish(ClosedEvent(error), 0)
        self.dispatcher.end(error)
        if not self.ended_future.done():
            self.ended_future.set_result(error)
        if not self._joined.done():
            self._joined.set_exception(raised_anew(reason))

    # Small parts

    async def _put(self, frame: Outgoing) -> Receipt | None:
        self.raise_if_ended()
        return await self.outbox.put(frame)

    async def _idle(self) -> None:
        while not self.outbox.is_idle:
            await self.outbox.changed()

    def _stop(self, error: AmsError) -> None:
        if self.ending is None:
            self.ending = error
        for call in list(self._stops.values()):
            call(self.ending)

    def _observed(self, socket: WebSocket) -> WebSocket | _Observed:
        return socket if self._on_frame is None else _Observed(socket, self._on_frame)

    def _address(self) -> tuple[str, list[str]]:
        """Where to come back to: the same stream, with the metadata that it had."""
        name = self.first.stream_name if self.first is not None else self._wishes.stream_name
        return address_of(self._wishes, name, self._given, self.position.wishes())

    def _restore(self, metadata: str) -> None:
        """Metadata too large for the address goes out first; that of an earlier try doesn't."""
        if self._restoring is not None:
            self.outbox.withdraw(self._restoring)
        self._restoring = Outgoing(f'{{"type":"set_metadata","metadata":{metadata}}}')
        self.outbox.put_first(self._restoring)
