"""Token streams as running text: turn by turn, up to `end_of_turn` or until the stream leaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, Literal

from .conventions import is_end_of_turn, sentinel_of
from .dispatcher import Dispatcher
from .errors import AmsError
from .events import AmsEvent, StreamIdentity, TokenEvent, Turn
from .limits import QUEUE_CHARACTERS_MAX
from .queue import EventQueue
from .roster import Roster, is_called

Gaps = Literal["throw", "skip"]
"""What a loss does: "throw" ends the text with `tokens_lost`; "skip" goes on after it."""

TURN_CHARACTERS_MAX = QUEUE_CHARACTERS_MAX
"""Characters of one unfinished turn in `turns()` of everybody; a longer one is cut there."""


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a turn, in a queue of pieces."""


_END: Final = _End()
_Piece = str | _End


def read_tokens(dispatcher: Dispatcher, roster: Roster, of: str | None) -> EventQueue[TokenEvent]:
    """The tokens of all streams; or of one, until it leaves. It listens from the call on."""

    def select(event: AmsEvent, queue: EventQueue[TokenEvent]) -> TokenEvent | None:
        if event.type == "token":
            return event if of is None or is_called(event, of) else None
        if event.type == "stream_left" and of is not None and is_called(event, of):
            queue.end(None)
        return None

    queue = dispatcher.queue(select)
    if of is not None and roster.is_gone(of):
        queue.end(None)
    return queue


class Text:
    """An async iterator over the pieces of one turn; `read` gives the whole."""

    def __init__(self, pieces: EventQueue[_Piece], first: str | None, *, closes: bool) -> None:
        self._pieces = pieces
        self._first = first
        self._closes = closes
        self._over = False
        self._is_empty = first is None

    def __aiter__(self) -> Text:
        return self

    async def __anext__(self) -> str:
        first, self._first = self._first, None
        if first is not None:
            return first
        if self._over:
            raise StopAsyncIteration
        piece = await anext(self._pieces, None)
        while piece is _END and self._is_empty:  # A turn without a token is none.
            piece = await anext(self._pieces, None)
        self._is_empty = False
        if isinstance(piece, str):
            return piece
        self._over = True
        if self._closes:
            await self._pieces.aclose()
        raise StopAsyncIteration

    async def read(self) -> str:
        """The rest of the turn as one text."""
        return "".join([piece async for piece in self])

    async def aclose(self) -> None:
        """Stop listening to a text; the rest of a turn is passed over by its `Turns`."""
        if self._closes:
            self._over = True
            await self._pieces.aclose()


def read_text(dispatcher: Dispatcher, roster: Roster, stream: str, gaps: Gaps) -> Text:
    """The text of a stream, by id or name, up to the end of its turn."""
    return Text(_pieces(dispatcher, roster, stream, gaps), None, closes=True)


async def read_turns_of(pieces: EventQueue[_Piece]) -> AsyncIterator[Text]:
    """One text per turn; what is left unread of a turn is passed over."""
    try:
        async for piece in pieces:
            if not isinstance(piece, str):
                continue  # A turn without a token is none.
            turn = Text(pieces, piece, closes=False)
            yield turn
            async for _ in turn:
                pass
    finally:
        await pieces.aclose()


def read_turns(
    dispatcher: Dispatcher, roster: Roster, stream: str, gaps: Gaps
) -> AsyncIterator[Text]:
    """One text per turn, until the stream leaves. It listens from the call on."""
    return read_turns_of(_pieces(dispatcher, roster, stream, gaps))


def read_all_turns(dispatcher: Dispatcher) -> EventQueue[Turn]:
    """The finished turns of everybody, each as one text, in the order in which they end."""
    parts: dict[str, list[str]] = {}
    sizes: dict[str, int] = {}

    def finish(stream: StreamIdentity, complete: bool) -> Turn | None:
        pieces = parts.pop(stream.stream_id, None)
        sizes.pop(stream.stream_id, None)
        if not pieces:
            return None
        names = (stream.stream_id, stream.stream_name, stream.owner_account_id)
        return Turn(StreamIdentity(*names, stream.peer_identity), "".join(pieces), complete)

    def select(event: AmsEvent, _: EventQueue[Turn]) -> Turn | None:
        if event.type == "token":
            if sentinel_of(event.data) is not None:
                return finish(event, True)
            size = sizes.get(event.stream_id, 0) + len(event.data)
            cut = finish(event, False) if size > TURN_CHARACTERS_MAX else None
            parts.setdefault(event.stream_id, []).append(event.data)
            sizes[event.stream_id] = len(event.data) if cut is not None else size
            return cut
        if event.type == "stream_metadata" and is_end_of_turn(event.metadata):
            return finish(event, True)
        if event.type == "stream_left":
            return finish(event, False)
        return None

    return dispatcher.queue(select)


def _pieces(dispatcher: Dispatcher, roster: Roster, stream: str, gaps: Gaps) -> EventQueue[_Piece]:
    """Everything of one stream, until it leaves."""
    within = False  # True from a turn's first token to its end.
    broken = False  # True when the connection broke within a turn.

    def select(event: AmsEvent, queue: EventQueue[_Piece]) -> _Piece | None:
        nonlocal within, broken
        if event.type == "reconnecting":
            # One's own move to another gateway (§4.9) takes a moment: the turn goes on.
            if event.cause.code != "stream_displaced":
                broken = broken or within
        elif event.type == "joined":
            # What came while away is lost, perhaps the end of the turn too.
            if broken and not event.replays and gaps == "throw":
                queue.end(_lost())
        elif event.type == "token":
            if is_called(event, stream):
                if sentinel_of(event.data) is None:
                    within = True
                    return event.data
                within, broken = False, False
                return _END
        elif event.type == "stream_metadata":
            if is_called(event, stream) and is_end_of_turn(event.metadata):
                within, broken = False, False
                return _END
        elif event.type == "stream_left":
            if is_called(event, stream):
                queue.end(None)
        elif (
            event.type == "gap"
            and gaps == "throw"
            and stream in (event.stream_id, event.stream_name)
        ):
            queue.end(_lost())
        return None

    queue = dispatcher.queue(select)
    if roster.is_gone(stream):
        queue.end(None)
    return queue


def _lost() -> AmsError:
    sentence = "Tokens of this stream are lost, or may be: its text has a hole here."
    return AmsError("tokens_lost", sentence)
