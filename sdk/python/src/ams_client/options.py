"""What a `join` may ask for, checked before anything is sent, and its address (§3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit

from .errors import AmsError
from .events import Metadata, PeerIdentity
from .limits import SUBSCRIBE_STREAMS_MAX
from .link import Link
from .metadata import base64url, check_identity, fits_address, read_metadata, to_json
from .names import CREDENTIAL, CREDENTIAL_CHARACTERS_MAX, STREAM_ID, STREAM_NAME, random_name
from .position import CatchUp

GUEST_CHARACTERS = 4
"""Random characters of a guest's name: all guests of a link are one account (§3.2.3)."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """A checked wish for a connection."""

    link: Link
    credential: str | None
    stream_name: str | None
    stream_metadata: str | None
    peer_identity: PeerIdentity | None
    self_subscribe: bool
    subscribe_streams: tuple[str, ...]
    receipts: bool
    catch_up: CatchUp


def read_wishes(
    link: Link,
    *,
    credential: str | None,
    stream_name: str | None,
    stream_metadata: Metadata | None,
    peer_identity: PeerIdentity | None,
    self_subscribe: bool,
    subscribe_streams: Sequence[str] | None,
    receipts: bool,
    catch_up: CatchUp,
) -> Wishes:
    """Raises `invalid_credential`, `invalid_stream_name`, `invalid_stream_metadata` and so on."""
    if credential is not None:
        check_credential(credential)
    if stream_name is not None and not STREAM_NAME.match(_text("stream_name", stream_name)):
        raise AmsError(
            "invalid_stream_name",
            "A stream name is 1 to 63 of A-Z, a-z, 0-9, dot, _ and -, beginning with a letter "
            "or digit.",
        )
    if peer_identity is not None:
        check_identity(peer_identity)
    metadata = None
    if stream_metadata is not None:
        metadata = read_metadata(stream_metadata, "invalid_stream_metadata")
    if credential is None and stream_name is None:
        stream_name = random_name(GUEST_CHARACTERS)
    selection = _selection(subscribe_streams)
    return Wishes(
        link,
        credential,
        stream_name,
        metadata,
        peer_identity,
        self_subscribe,
        selection,
        receipts,
        catch_up,
    )


def address_of(
    wishes: Wishes, stream_name: str | None, metadata: str | None, catch_up: CatchUp
) -> tuple[str, list[str]]:
    """The WebSocket address and the subprotocols; both hold secrets."""
    query: dict[str, str] = {}
    if stream_name is not None:
        query["stream_name"] = stream_name
    if metadata is not None and fits_address(metadata):
        query["stream_metadata"] = base64url(metadata)
    if wishes.peer_identity is not None:
        query["peer_identity"] = base64url(to_json(wishes.peer_identity.as_json()))
    if wishes.self_subscribe:
        query["self_subscribe"] = "true"
    if wishes.subscribe_streams:
        query["subscribe_streams"] = ",".join(wishes.subscribe_streams)
    if wishes.receipts:
        query["receipts"] = "true"
    if catch_up.since is not None:
        query["since"] = catch_up.since
    elif catch_up.last is not None:
        query["last_n"] = str(catch_up.last)
    if catch_up.form is not None:
        query["catch_up"] = catch_up.form
    parts = urlsplit(wishes.link.connect_url)
    asked = "&".join(part for part in (parts.query, urlencode(query)) if part)
    url = urlunsplit((parts.scheme, parts.netloc, parts.path, asked, ""))
    who = "ams.guest" if wishes.credential is None else f"ams.bearer.{wishes.credential}"
    return url, ["ams.v1", who]


def check_credential(credential: object) -> None:
    """Raises `invalid_credential`, without repeating it."""
    if (
        not isinstance(credential, str)
        or len(credential) > CREDENTIAL_CHARACTERS_MAX
        or not CREDENTIAL.match(credential)
    ):
        raise AmsError(
            "invalid_credential",
            "A credential is ams_sk_ and 43 characters: this is none, or not whole.",
        )


def check_amount(name: str, value: object, least: float = 0) -> float:
    """Raises `invalid_argument` for what is no number from `least` on."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
        raise AmsError("invalid_argument", f"{name} is a number, {least:g} or more.")
    return value


def _selection(ids: Sequence[str] | None) -> tuple[str, ...]:
    if ids is None:
        return ()
    chosen = tuple(ids)
    fits = 0 < len(chosen) <= SUBSCRIBE_STREAMS_MAX and not isinstance(ids, str)
    if not fits or not all(STREAM_ID.match(str(stream)) for stream in chosen):
        raise AmsError("invalid_argument", "subscribe_streams lists 1 to 256 stream ids (str_…).")
    return chosen


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise AmsError("invalid_argument", f"{name} is a str.")
    return value
