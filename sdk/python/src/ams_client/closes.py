"""What a closed socket means: an error, and whether to reconnect (§6)."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import CLOSE_REASONS, AmsError, CloseReason
from .timing import ComeBack

CLOSES: dict[CloseReason, tuple[int, ComeBack, str]] = {
    "invalid_magic_link": (
        4001,
        "no",
        "The magic link is wrong, expired, used up or revoked.",
    ),
    "link_revoked": (4001, "no", "The owner revoked the magic link of this connection."),
    "stream_displaced": (
        4001,
        "no",
        "Another connection of the same account took this stream over.",
    ),
    "invalid_credential": (
        4002,
        "no",
        "The credential is not one of a live account, or guests are not let in here.",
    ),
    "insufficient_scope": (4002, "no", "This key of the account may not join."),
    "account_suspended": (
        4002,
        "no",
        "The operator has suspended the account, or the one to which the conversation belongs.",
    ),
    "account_concurrency_limit": (
        4003,
        "later",
        "The account holds as many live streams as it may.",
    ),
    "conversation_subscriber_limit": (
        4003,
        "later",
        "The conversation holds as many subscribers as it may.",
    ),
    "stream_name_conflict": (
        4004,
        "renamed",
        "Another account holds this stream name in the conversation.",
    ),
    "conversation_not_found": (4005, "no", "There is no such conversation."),
    "conversation_closed": (4005, "no", "The owner closed the conversation."),
    "subscriber_backpressure": (4290, "resume", "This subscriber read too slowly."),
    "rate_limited": (4290, "pause", "This connection sent faster than the deployment allows."),
    "malformed_frame": (4400, "no", "The deployment refused a frame of this connection."),
    "unknown_frame_type": (4400, "no", "The deployment refused a frame of this connection."),
    "invalid_stream_name_header": (4400, "no", "The deployment refused the stream name."),
    "invalid_stream_metadata_header": (4400, "no", "The deployment refused the metadata."),
    "invalid_peer_identity_header": (4400, "no", "The deployment refused the peer identity."),
    "invalid_subscribe_streams_header": (4400, "no", "The deployment refused the selection."),
    "read_only_link": (4400, "no", "The link of this connection admits to read only."),
    "no_replay": (4400, "no", "The conversation keeps nothing for later readers."),
    "invalid_cursor": (
        4400,
        "no",
        "The cursor is not one of this conversation, or the number of frames is none.",
    ),
    "host_not_allowed": (4400, "no", "The deployment does not answer to this host name."),
    "internal_error": (4500, "backoff", "Something went wrong in the deployment."),
    "draining": (4503, "stated", "The gateway is going away."),
}

APPLICATION_CODES = 4_000
"""Close codes from here on are an application's, so AMS chose them (RFC 6455 7.4.2)."""


@dataclass(frozen=True, slots=True)
class Closed:
    """How a socket ended; `by_ams` is false when the connection just broke."""

    error: AmsError
    come_back: ComeBack
    by_ams: bool


def read_close(code: int, reason: str) -> Closed:
    """Read a close. An unknown reason counts as others of its code, an unknown code as 4500."""
    if code < APPLICATION_CODES:
        return broken(f"The connection broke ({code}).", close_code=code)
    known = CLOSE_REASONS.get(reason)
    if known is not None:
        _, come_back, sentence = CLOSES[known]
        return Closed(AmsError(known, sentence, close_code=code), come_back, True)
    alike = [row for row in CLOSES.values() if row[0] == code]
    sentence = f"The deployment closed the connection ({code})."
    error = AmsError("refused", sentence, close_code=code)
    return Closed(error, alike[-1][1] if alike else "backoff", True)


def broken(sentence: str, *, close_code: int | None = None) -> Closed:
    """A connection that ended without a close by AMS."""
    return Closed(AmsError("connection_lost", sentence, close_code=close_code), "backoff", False)
