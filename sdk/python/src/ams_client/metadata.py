"""Metadata on its way out: checked here, so that a mistake is an error and not a closed socket."""

from __future__ import annotations

import base64
import json
from typing import cast

from .errors import AmsError, ProblemCode
from .events import Metadata, PeerIdentity
from .limits import (
    JSON_DEPTH_MAX,
    METADATA_ADDRESS_BYTES_MAX,
    METADATA_BYTES_MAX,
    PEER_IDENTITY_BYTES_MAX,
)


def read_metadata(metadata: object, code: ProblemCode) -> str:
    """Its compact JSON. Raises `code` when it is no object, no JSON, too deep or too large."""
    if not isinstance(metadata, dict):
        raise AmsError(code, "Metadata is a dict that can be written as JSON.")
    try:
        text = to_json(cast("dict[object, object]", metadata))
    except (TypeError, ValueError, RecursionError) as cause:
        raise AmsError(code, "Metadata is a dict that can be written as JSON.") from cause
    if is_deeper(cast("dict[object, object]", metadata), JSON_DEPTH_MAX - 1):
        raise AmsError(code, f"Metadata is nested in at most {JSON_DEPTH_MAX - 1} levels.")
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > METADATA_BYTES_MAX:
        raise AmsError(
            code, f"Metadata holds at most {METADATA_BYTES_MAX} bytes of JSON and this has {size}."
        )
    return text


def check_identity(identity: PeerIdentity) -> None:
    """Raises `invalid_argument` for a peer identity that the wire refuses."""
    if identity.kind in ("agent", "human"):
        text = to_json(identity.as_json())
        if len(text.encode("utf-8", "surrogatepass")) <= PEER_IDENTITY_BYTES_MAX:
            return
    raise AmsError(
        "invalid_argument",
        'A peer identity has the kind "agent" or "human", and at most 1,024 bytes of JSON.',
    )


def fits_address(text: str) -> bool:
    """False for metadata that is too large for an address, and so has to follow in a frame."""
    return len(text.encode("utf-8", "surrogatepass")) <= METADATA_ADDRESS_BYTES_MAX


def base64url(text: str) -> str:
    """The text as an address carries it."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def copy_of(text: str) -> Metadata:
    """A copy that its author can't change any more."""
    return cast(Metadata, json.loads(text))


def to_json(value: object) -> str:
    """Compact JSON. A number that JSON lacks is a ValueError; lone surrogates are escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text


def is_deeper(value: object, levels: int) -> bool:
    """True for a value that is nested in more levels of objects and arrays than these (§1.8)."""
    if isinstance(value, dict):
        members = list(cast("dict[object, object]", value).values())
    elif isinstance(value, list | tuple):
        members = list(cast("list[object]", value))
    else:
        return False
    return levels == 0 or any(is_deeper(member, levels - 1) for member in members)
