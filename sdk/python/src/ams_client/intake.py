"""What a connection receives, as events: keeps the roster correct, and reports every loss."""

from __future__ import annotations

from dataclasses import replace

from .dispatcher import Dispatcher
from .errors import AmsError
from .events import (
    CursorEvent,
    DrainingEvent,
    GapEvent,
    JoinedEvent,
    LiveEvent,
    NoticeEvent,
    PeerIdentity,
    ReplayedEvent,
    StreamEndedEvent,
    StreamIdentity,
    StreamJoinedEvent,
    StreamLeftEvent,
    StreamMetadataEvent,
    TokenEvent,
)
from .frames import CursorFrame, DrainFrame, GapFrame, LiveFrame, ServerFrame
from .gaps import Gaps, Loss, Seq, read_seq
from .roster import Roster

_SAID = (TokenEvent, StreamMetadataEvent)


class Intake:
    """One per connection. `joined` first, then `received` for each further frame."""

    def __init__(self, dispatcher: Dispatcher, roster: Roster) -> None:
        self._dispatcher = dispatcher
        self._roster = roster
        self._gaps = Gaps()
        self._own: JoinedEvent | None = None
        self._selection: frozenset[str] | None = None
        self._dropped = False
        self._is_replaying = False
        # Streams that left while this connection was away, of which kept frames may follow.
        self._leaving: dict[str, StreamLeftEvent] = {}

    def joined(self, frame: JoinedEvent, characters: int, *, replays: bool = False) -> None:
        """A connection is established: what changed meanwhile is reported first."""
        self._is_replaying = replays
        reconnected = self._own is not None
        self._own = frame
        self._selection = _selection_of(frame)
        left, came, changed = self._roster.replace(frame.peers)
        present = [peer.stream_id for peer in frame.peers] + [frame.stream_id]
        lost = self._gaps.reset(stream for stream in present if self._receives(stream))
        self._gaps.joined(frame.stream_id)
        publish = self._dispatcher.publish
        if reconnected and replays:
            for peer in left:  # What they said last is still to come.
                self._leaving[peer.stream_id] = StreamLeftEvent(*_names(peer), frame.ts)
            for peer in came:
                publish(StreamJoinedEvent(*_names(peer), peer.metadata, frame.ts), characters)
        elif reconnected:
            self._let_leave()
            for peer in left:
                self._publish_loss(peer, lost.get(peer.stream_id), "reconnected")
                publish(StreamLeftEvent(*_names(peer), frame.ts), 0)
            known = [peer for peer in frame.peers if self._gaps.knows(peer.stream_id)]
            for peer in known if self._dropped else changed:
                if self._receives(peer.stream_id):
                    loss = self._gaps.missed(peer.stream_id)
                    self._publish_loss(peer, loss, "reconnected")
            for peer in came:
                publish(StreamJoinedEvent(*_names(peer), peer.metadata, frame.ts), characters)
        self._dropped = False
        publish(replace(frame, reconnected=reconnected, replays=replays), characters)

    def broke(self, cause: AmsError) -> None:
        """The connection broke. What peers say now shows as a loss at their next frame.

        Two losses are certain at the next join and are reported there, since a next frame may
        never come: where the broker dropped what was not read in time (§5.7), and where a peer has
        other metadata than before.
        """
        self._dropped = self._dropped or cause.code == "subscriber_backpressure"

    def received(self, frame: ServerFrame, characters: int) -> None:
        """Any frame but those of the connection itself, which are passed over."""
        if isinstance(frame, _SAID):
            self._said(frame, characters)
        elif isinstance(frame, ReplayedEvent):
            self._replayed(frame, characters)
        elif isinstance(frame, CursorFrame):
            if not self._is_replaying:
                self._gaps.cursor()
            self._dispatcher.publish(CursorEvent(frame.cursor), characters)
        elif isinstance(frame, LiveFrame):
            self._is_replaying = False
            if frame.complete:
                self._gaps.caught_up()
            self._let_leave()
            self._dispatcher.publish(LiveEvent(frame.cursor, frame.complete), characters)
        elif isinstance(frame, StreamEndedEvent):
            self._dispatcher.publish(frame, characters)
            self._let_leave(frame.stream_id)
        elif isinstance(frame, StreamJoinedEvent):
            self._let_leave(frame.stream_id)
            self._roster.set(frame)
            if self._receives(frame.stream_id):
                self._gaps.joined(frame.stream_id)
            self._dispatcher.publish(frame, characters)
        elif isinstance(frame, StreamLeftEvent):
            if self._receives(frame.stream_id):
                loss = self._gaps.left(frame.stream_id, frame.seq)
                self._publish_loss(frame, loss, "missed")
            self._roster.remove(frame)
            self._dispatcher.publish(frame, characters)
        elif isinstance(frame, GapFrame):
            loss = self._gaps.reported(frame.stream_id, frame.after, frame.before)
            name = self._name_of(frame.stream_id)
            self._gap(frame.stream_id, name, loss, frame.reason)
        elif isinstance(frame, DrainFrame):
            self._dispatcher.publish(DrainingEvent(frame.reconnect_after_s), characters)
        elif isinstance(frame, NoticeEvent):
            self._dispatcher.publish(frame, characters)

    def _said(self, frame: TokenEvent | StreamMetadataEvent, characters: int) -> None:
        is_kept = frame.replay or frame.cursor is not None
        if is_kept:
            is_here = self._is_here(frame.stream_id)
            loss = self._gaps.replayed(frame.stream_id, frame.seq, is_here=is_here)
        else:
            loss = self._gaps.frame(frame.stream_id, frame.seq)
        if loss is not None:
            if loss == "seen":
                return
            self._publish_loss(frame, loss, "missed")
        # Replayed metadata is older than what the roster has.
        is_own = self._own is not None and frame.stream_id == self._own.stream_id
        if not is_kept and not is_own and isinstance(frame, StreamMetadataEvent):
            self._roster.set(frame)
        self._dispatcher.publish(frame, characters)

    def _replayed(self, frame: ReplayedEvent, characters: int) -> None:
        """Assembled tokens, without those that this connection had already."""
        first, last = read_seq(frame.first), read_seq(frame.last)
        if first is None or last is None or last.n - first.n + 1 != len(frame.data):
            return
        is_here = self._is_here(frame.stream_id)
        seen = 0
        for n in range(first.n, last.n + 1):
            seq = str(Seq(first.epoch, n))
            loss = self._gaps.replayed(frame.stream_id, seq, is_here=is_here)
            if loss == "seen":
                seen += 1
            elif loss is not None:
                self._gap(frame.stream_id, frame.stream_name, loss, "missed")
        if seen < len(frame.data):
            begin = str(Seq(first.epoch, first.n + seen))
            event = replace(frame, first=begin, data=frame.data[seen:])
            self._dispatcher.publish(event, characters)

    def _let_leave(self, stream_id: str | None = None) -> None:
        """Streams that had left when this came back, once all that they said has come."""
        for leaving, event in list(self._leaving.items()):
            if stream_id in (None, leaving):
                del self._leaving[leaving]
                self._dispatcher.publish(event, 0)

    def _is_here(self, stream_id: str) -> bool:
        own = self._own is not None and self._own.stream_id == stream_id
        return own or stream_id in self._roster.peers

    def _receives(self, stream_id: str) -> bool:
        """False for streams outside the selection: their frames are unwanted, not lost (§5.10)."""
        return self._selection is None or stream_id in self._selection

    def _name_of(self, stream_id: str) -> str | None:
        if self._own is not None and self._own.stream_id == stream_id:
            return self._own.stream_name
        return self._roster.name_of(stream_id)

    def _publish_loss(self, stream: StreamIdentity, loss: Loss | None, reason: str) -> None:
        if loss is not None:
            self._gap(stream.stream_id, stream.stream_name, loss, reason)

    def _gap(self, stream_id: str, name: str | None, loss: Loss, reason: str) -> None:
        gap = GapEvent(stream_id, name, loss.after, loss.before, loss.missing, reason)
        self._dispatcher.publish(gap, 0)


def _names(stream: StreamIdentity) -> tuple[str, str, str, PeerIdentity | None]:
    return (stream.stream_id, stream.stream_name, stream.owner_account_id, stream.peer_identity)


def _selection_of(frame: JoinedEvent) -> frozenset[str] | None:
    if frame.subscribed_streams is None:
        return None
    own = (frame.stream_id,) if frame.self_subscribe else ()
    return frozenset((*frame.subscribed_streams, *own))
