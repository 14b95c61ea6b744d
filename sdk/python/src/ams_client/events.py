"""What a connection reports: tokens, who comes and goes, and what became of the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .errors import AmsError

Metadata = dict[str, Any]
"""A JSON object of at most 16,384 bytes. AMS knows no key of it."""


@dataclass(frozen=True, slots=True)
class PeerIdentity:
    """Who a stream says it is: set once, carried, and verified by nobody."""

    kind: Literal["agent", "human"]
    model: str | None = None
    client: str | None = None

    def as_json(self) -> dict[str, str]:
        """The identity as the wire has it."""
        pairs = (("kind", self.kind), ("model", self.model), ("client", self.client))
        return {key: value for key, value in pairs if value is not None}


@dataclass(frozen=True, slots=True)
class StreamIdentity:
    """How a stream is named on everything that comes from it.

    `stream_id` is `str_` + 26 hex: the same for the same conversation, account and name (§1.3).
    """

    stream_id: str
    stream_name: str
    owner_account_id: str
    peer_identity: PeerIdentity | None


@dataclass(frozen=True, slots=True)
class Peer(StreamIdentity):
    """A live stream, as the roster shows it."""

    metadata: Metadata


@dataclass(frozen=True, slots=True)
class TokenEvent(StreamIdentity):
    """A token, exactly as its author sent it: at most 65,536 bytes of UTF-8, may be empty.

    `seq` is `<epoch>-<n>`, its position in its stream (§4.6); `ts` is the broker's clock, ISO 8601
    with milliseconds. `replay` is true for one that was kept (§7); `cursor` is the position after
    it, on a connection with `catch_up="log"`.
    """

    data: str
    seq: str
    ts: str
    replay: bool = False
    cursor: str | None = None
    type: Literal["token"] = "token"


@dataclass(frozen=True, slots=True)
class StreamJoinedEvent(Peer):
    """A stream came. After a reconnect also for each stream that came meanwhile."""

    ts: str
    type: Literal["stream_joined"] = "stream_joined"


@dataclass(frozen=True, slots=True)
class StreamLeftEvent(StreamIdentity):
    """A stream left. `seq` is its last one, where the broker knows it (§4.6.3)."""

    ts: str
    seq: str | None = None
    type: Literal["stream_left"] = "stream_left"


@dataclass(frozen=True, slots=True)
class StreamEndedEvent(StreamIdentity):
    """The log has that a stream left, at this position. It says nothing of who is here (§7.3.3)."""

    ts: str
    seq: str | None = None
    replay: bool = False
    cursor: str | None = None
    type: Literal["stream_ended"] = "stream_ended"


@dataclass(frozen=True, slots=True)
class StreamMetadataEvent(Peer):
    """A stream has new metadata. `replay` and `cursor` are as those of a token."""

    ts: str
    seq: str
    replay: bool = False
    cursor: str | None = None
    type: Literal["stream_metadata"] = "stream_metadata"


@dataclass(frozen=True, slots=True)
class JoinedEvent(Peer):
    """The connection is established: once after `join`, and once after each reconnect.

    `resumed` is true when the stream was live and this connection took it over (§3.5);
    `reconnected` when this is not the first time that this connection joined; `replays` when kept
    frames follow, up to a `live` event. `replay` is {"ttl_s", "max_bytes"} where the conversation
    keeps frames (§7.1), and `cursor` the position in its log.
    """

    conversation_id: str
    conversation_metadata: Metadata
    self_subscribe: bool
    subscribed_streams: tuple[str, ...] | None
    resumed: bool
    epoch: int
    ts: str
    peers: tuple[Peer, ...]
    replay: Mapping[str, int] | None = None
    cursor: str | None = None
    reconnected: bool = False
    replays: bool = False
    type: Literal["joined"] = "joined"


@dataclass(frozen=True, slots=True)
class GapEvent:
    """Frames are lost, or may be.

    `stream_id` is None when it is about all streams. `after` is the last seq before the loss,
    `before` the first after it, `missing` the count; each None when unknown. `reason` is
    `bus_interrupted` or `displaced` (the broker's, §4.7), `missed` (a jump in seq), `reconnected`
    (while this connection was away) or `unread` (nobody listened, and more came than is kept).
    """

    stream_id: str | None
    stream_name: str | None
    after: str | None
    before: str | None
    missing: int | None
    reason: str
    type: Literal["gap"] = "gap"


@dataclass(frozen=True, slots=True)
class ReplayedEvent:
    """Kept tokens of one stream that follow each other, with `catch_up="assembled"`.

    `first` and `last` are the seqs of the first and the last. What this connection had already is
    left out.
    """

    stream_id: str
    stream_name: str
    first: str
    last: str
    data: tuple[str, ...]
    type: Literal["replayed"] = "replayed"


@dataclass(frozen=True, slots=True)
class CursorEvent:
    """The position in the log up to which everything has come: `join(link, since=cursor)`."""

    cursor: str
    type: Literal["cursor"] = "cursor"


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """All kept frames that were asked for have come; what follows is live.

    `complete` is false when some were no longer kept: `gap` events say of which streams.
    """

    cursor: str
    complete: bool
    type: Literal["live"] = "live"


@dataclass(frozen=True, slots=True)
class ReconnectingEvent:
    """The connection broke and comes back by itself: try `attempt` begins in `delay_s` seconds."""

    attempt: int
    delay_s: float
    cause: AmsError
    type: Literal["reconnecting"] = "reconnecting"


@dataclass(frozen=True, slots=True)
class DrainingEvent:
    """The gateway is going away; the connection moves to another one after this time (§4.9)."""

    reconnect_after_s: float
    type: Literal["draining"] = "draining"


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """A sentence of the deployment's operator, for people (`x_notice`)."""

    text: str
    level: str
    type: Literal["notice"] = "notice"


@dataclass(frozen=True, slots=True)
class ClosedEvent:
    """The last event. `error` is None when this side closed."""

    error: AmsError | None
    type: Literal["closed"] = "closed"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that the broker has a frame: its position in the stream, and the broker's clock."""

    seq: str
    ts: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One finished turn of a stream. `complete` is false when its stream left in the middle."""

    stream: StreamIdentity
    text: str
    complete: bool = True
    name: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.stream.stream_name)


AmsEvent = (
    TokenEvent
    | StreamJoinedEvent
    | StreamLeftEvent
    | StreamEndedEvent
    | StreamMetadataEvent
    | ReplayedEvent
    | CursorEvent
    | LiveEvent
    | JoinedEvent
    | GapEvent
    | ReconnectingEvent
    | DrainingEvent
    | NoticeEvent
    | ClosedEvent
)
"""Everything that `Connection.events` gives."""

Peers = Mapping[str, Peer]
"""The other live streams by id."""
