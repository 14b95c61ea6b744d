"""What this package raises: `AmsError`, whose `code` is one of a closed union."""

from __future__ import annotations

from typing import Literal, get_args

ClientFault = Literal[
    "aborted",  # The caller cancelled a pipe's source, or an operation was withdrawn.
    "backpressure",  # The send buffer is full: what was refused was not sent.
    "closed",  # The connection had been closed by its owner.
    "connection_lost",  # The connection broke, and did not come back in the time allowed.
    "delivery_unknown",  # The connection broke after the frame went out, before its receipt.
    "invalid_argument",  # A caller's mistake; the message names the argument.
    "invalid_link",  # The text is not a magic link, or a part of it is missing.
    "not_ams",  # Something answers at the URL, and it is not AMS, or none known here.
    "refused",  # A newer deployment refused for a reason that is not known here.
    "slow_consumer",  # An iterator was read too slowly, and its queue is full.
    "source_failed",  # The source of a pipe, or its picker, raised; see `__cause__`.
    "timeout",  # No answer in time.
    "token_too_large",  # A token of more than 65,536 bytes of UTF-8.
    "tokens_lost",  # A text has a hole: tokens of its stream are lost.
    "unexpected_answer",  # AMS sent a frame that breaks the protocol.
    "unreachable",  # Nothing answers at the URL, or nothing that can be spoken with.
    "websocket_blocked",  # AMS answers HTTP at the URL, but a WebSocket does not get through.
]

CloseReason = Literal[
    "invalid_magic_link",
    "link_revoked",
    "stream_displaced",
    "invalid_credential",
    "insufficient_scope",
    "account_suspended",
    "account_concurrency_limit",
    "conversation_subscriber_limit",
    "stream_name_conflict",
    "conversation_not_found",
    "conversation_closed",
    "subscriber_backpressure",
    "rate_limited",
    "malformed_frame",
    "unknown_frame_type",
    "invalid_stream_name_header",
    "invalid_stream_metadata_header",
    "invalid_peer_identity_header",
    "invalid_subscribe_streams_header",
    "read_only_link",
    "no_replay",
    "invalid_cursor",
    "host_not_allowed",
    "internal_error",
    "draining",
]

ProblemCode = Literal[
    "malformed_request",
    "invalid_json",
    "invalid_namespace",
    "invalid_alias",
    "invalid_stream_name",
    "unsupported_id_kind",
    "invalid_metadata",
    "invalid_stream_metadata",
    "invalid_expiry",
    "invalid_max_joins",
    "invalid_canonical_input",
    "invalid_replay",
    "invalid_cursor",
    "invalid_limit",
    "invalid_grace",
    "invalid_link_name",
    "invalid_read_only",
    "invalid_keep_connected",
    "invalid_key_name",
    "invalid_scopes",
    "invalid_request",
    "missing_credential",
    "invalid_credential",
    "namespace_mismatch",
    "host_not_allowed",
    "conversation_limit",
    "link_limit",
    "insufficient_scope",
    "invalid_webhook",
    "webhook_limit",
    "account_suspended",
    "key_limit",
    "signup_closed",
    "invalid_invite",
    "invalid_token",
    "not_found",
    "method_not_allowed",
    "namespace_taken",
    "alias_taken",
    "body_too_large",
    "upgrade_required",
    "rate_limited",
    "internal_error",
    "unavailable",
]

AmsErrorCode = ClientFault | CloseReason | ProblemCode
"""Every code that an `AmsError` can have."""

PROBLEM_CODES: dict[str, AmsErrorCode] = {code: code for code in get_args(ProblemCode)}
CLOSE_REASONS: dict[str, CloseReason] = {code: code for code in get_args(CloseReason)}


class AmsError(Exception):
    """The one exception of this package.

    `code` is one of `AmsErrorCode`; `message` is one sentence for people, without credentials and
    link tokens. `status` is an HTTP status, `close_code` a WebSocket close code, `retry_after_s`
    the seconds after which to try again (429); each is None where it does not apply.
    """

    def __init__(
        self,
        code: AmsErrorCode,
        message: str,
        *,
        status: int | None = None,
        close_code: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code: AmsErrorCode = code
        self.message = message
        self.status = status
        self.close_code = close_code
        self.retry_after_s = retry_after_s

    def __repr__(self) -> str:
        return f"AmsError({self.code!r}, {self.message!r})"

    def __reduce__(self) -> tuple[object, ...]:
        details = (self.status, self.close_code, self.retry_after_s)
        return (_rebuild, (self.code, self.message, *details))


def _rebuild(
    code: AmsErrorCode,
    message: str,
    status: int | None,
    close_code: int | None,
    retry_after_s: float | None,
) -> AmsError:
    return AmsError(
        code, message, status=status, close_code=close_code, retry_after_s=retry_after_s
    )


def raised_anew(error: AmsError) -> AmsError:
    """A copy to raise: one exception object raised twice would collect tracebacks."""
    copy = _rebuild(error.code, error.message, error.status, error.close_code, error.retry_after_s)
    copy.__cause__ = error.__cause__
    return copy


def closed_error() -> AmsError:
    """What a caller gets who waits when this side closes the connection."""
    return AmsError("closed", "The connection was closed.")
