"""The frames of a server, from their text (§4.5). Unknown types are passed over (§4.2)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, cast

from .errors import AmsError
from .events import (
    JoinedEvent,
    NoticeEvent,
    Peer,
    PeerIdentity,
    Receipt,
    ReplayedEvent,
    StreamEndedEvent,
    StreamJoinedEvent,
    StreamLeftEvent,
    StreamMetadataEvent,
    TokenEvent,
)

Fields = dict[str, Any]
_TOKEN_TEXTS = itemgetter("stream_id", "stream_name", "owner_account_id", "data", "seq", "ts")


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""


@dataclass(frozen=True, slots=True)
class GapFrame:
    """The broker lost frames of a stream, and says so (§4.7)."""

    stream_id: str
    after: str | None
    before: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class CursorFrame:
    """The reader's position in the log (§7.2.2)."""

    cursor: str


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """Everything kept that was asked for has come (§7.3)."""

    cursor: str
    complete: bool


@dataclass(frozen=True, slots=True)
class DrainFrame:
    """The gateway is going away (§4.9)."""

    reconnect_after_s: float


ServerFrame = (
    TokenEvent
    | StreamMetadataEvent
    | StreamJoinedEvent
    | StreamLeftEvent
    | JoinedEvent
    | Pong
    | GapFrame
    | Receipt
    | DrainFrame
    | NoticeEvent
    | StreamEndedEvent
    | ReplayedEvent
    | CursorFrame
    | LiveFrame
)


def read_server_frame(text: str) -> ServerFrame | None:
    """The frame, or None when its type is unknown. Raises `unexpected_answer`."""
    try:
        fields: object = json.loads(text)
        if not isinstance(fields, dict):
            raise TypeError("not an object")
        return _read(cast(Fields, fields))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as cause:
        sentence = "The deployment sent a frame that can't be read."
        raise AmsError("unexpected_answer", sentence) from cause


def _read(f: Fields) -> ServerFrame | None:
    kind = f["type"]
    if kind == "token":
        return _token(f)
    if kind == "stream_metadata":
        return StreamMetadataEvent(*_peer(f), _text(f, "ts"), _text(f, "seq"), *_kept(f))
    if kind == "x_receipt":
        return Receipt(_text(f, "seq"), _text(f, "ts"))
    if kind == "stream_joined":
        return StreamJoinedEvent(*_peer(f), _text(f, "ts"))
    if kind == "stream_left":
        end = (_text(f, "ts"), _optional(f, "seq"))
        if any(_kept(f)):
            return StreamEndedEvent(*_identity(f), *end, *_kept(f))
        return StreamLeftEvent(*_identity(f), *end)
    if kind == "joined":
        return _joined(f)
    if kind == "pong":
        return Pong()
    if kind == "x_gap":
        ends = (_optional(f, "after"), _optional(f, "before"))
        return GapFrame(_text(f, "stream_id"), *ends, _text(f, "reason"))
    if kind == "x_drain":
        return DrainFrame(float(f["reconnect_after_ms"]) / 1_000)
    if kind == "x_cursor":
        return CursorFrame(_text(f, "cursor"))
    if kind == "x_live":
        return LiveFrame(_text(f, "cursor"), f.get("complete") is True)
    if kind == "x_assembled":
        ends = (_text(f, "from"), _text(f, "to"))
        names = (_text(f, "stream_id"), _text(f, "stream_name"))
        return ReplayedEvent(*names, *ends, tuple(map(str, f["data"])))
    if kind == "x_notice":
        return NoticeEvent(_text(f, "text"), str(f.get("level", "info")))
    _text(f, "type")
    return None


def _token(f: Fields) -> TokenEvent:
    """The frame that comes most: read without a call for each member."""
    stream_id, name, owner, data, seq, ts = texts = _TOKEN_TEXTS(f)
    for text in texts:
        if text.__class__ is not str:
            raise TypeError("token")
    identity = read_identity(f["peer_identity"]) if "peer_identity" in f else None
    if "replay" in f or "cursor" in f:
        return TokenEvent(stream_id, name, owner, identity, data, seq, ts, *_kept(f))
    return TokenEvent(stream_id, name, owner, identity, data, seq, ts)


def _joined(f: Fields) -> JoinedEvent:
    selection = f.get("subscribed_streams")
    return JoinedEvent(
        *_peer(f),
        conversation_id=_text(f, "conversation_id"),
        conversation_metadata=_object(f, "conversation_metadata"),
        self_subscribe=f.get("self_subscribe") is True,
        subscribed_streams=None if selection is None else tuple(map(str, selection)),
        resumed=f.get("resumed") is True,
        epoch=int(f["epoch"]),
        ts=_text(f, "ts"),
        peers=tuple(Peer(*_peer(peer)) for peer in f.get("peers", ())),
        replay=f["replay"] if isinstance(f.get("replay"), dict) else None,
        cursor=_optional(f, "cursor"),
    )


def _identity(f: Fields) -> tuple[str, str, str, PeerIdentity | None]:
    identity = read_identity(f["peer_identity"]) if "peer_identity" in f else None
    names = (_text(f, "stream_id"), _text(f, "stream_name"), _text(f, "owner_account_id"))
    return (*names, identity)


def _kept(f: Fields) -> tuple[bool, str | None]:
    """What a frame from the log has: `replay` and `cursor`."""
    cursor = f.get("cursor")
    return (f.get("replay") is True, cursor if isinstance(cursor, str) else None)


def _peer(f: Fields) -> tuple[str, str, str, PeerIdentity | None, Fields]:
    return (*_identity(f), _object(f, "metadata"))


def read_identity(value: object) -> PeerIdentity | None:
    """A peer identity, or None for what is none: it is carried and not verified."""
    if not isinstance(value, dict):
        return None
    f = cast(Fields, value)
    kind, model, client = f.get("kind"), f.get("model"), f.get("client")
    if kind not in ("agent", "human"):
        return None
    if not isinstance(model, str | None) or not isinstance(client, str | None):
        return None
    return PeerIdentity(kind, model, client)


def _text(f: Fields, key: str) -> str:
    value: str = f[key]
    if value.__class__ is not str:
        raise TypeError(key)
    return value


def _optional(f: Fields, key: str) -> str | None:
    return None if f.get(key) is None else _text(f, key)


def _object(f: Fields, key: str) -> Fields:
    value = f[key]
    if not isinstance(value, dict):
        raise TypeError(key)
    return cast(Fields, value)
