"""What clients agree on inside tokens and metadata (docs/CONVENTIONS.md). AMS reads neither."""

from __future__ import annotations

import re
from typing import Literal

from .events import AmsEvent, Metadata

CONVENTION = "ams.convention.v1"
END_OF_TURN_DATA = '{"ams.convention.v1":"end_of_turn"}'
"""The token that ends a turn. It is never shown."""
END_OF_CONVERSATION_DATA = '{"ams.convention.v1":"end_of_conversation"}'

Sentinel = Literal["end_of_turn", "end_of_conversation"]

SENTINEL_CHARACTERS_MAX = 256
"""Characters of a token that is looked at: white space inside is free, up to here."""


_SENTINEL = re.compile(
    r'\s*\{\s*"ams\.convention\.v1"\s*:\s*"(end_of_turn|end_of_conversation)"\s*\}\s*\Z'
)


def sentinel_of(data: str) -> Sentinel | None:
    """Which sentinel a token is; None for text."""
    if len(data) > SENTINEL_CHARACTERS_MAX or CONVENTION not in data:
        return None
    match = _SENTINEL.match(data)
    if match is None:
        return None
    return "end_of_turn" if match[1] == "end_of_turn" else "end_of_conversation"


def is_end_of_turn(metadata: Metadata) -> bool:
    """True for the metadata by which older writers ended a turn."""
    return metadata.get(CONVENTION) in ("end_of_turn", "end_of_conversation")


def ends_turn(event: AmsEvent) -> bool:
    """True where the turn of the event's stream ends: a sentinel, older metadata, or a leave."""
    if event.type == "token":
        return sentinel_of(event.data) is not None
    if event.type == "stream_metadata":
        return is_end_of_turn(event.metadata)
    return event.type == "stream_left"
