"""Accounts and conversations at one deployment: the control plane (§2)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from .errors import AmsError
from .events import Metadata, Peer
from .frames import read_identity
from .http import Fields, not_ams, read_base_url, request
from .limits import REQUEST_S
from .link import parse_link
from .names import random_name
from .options import check_credential
from .owned import (
    CreatedKey,
    CreatedLink,
    KeyScope,
    LinkTerms,
    ListedKey,
    ListedLink,
    UsageHour,
    read_created_key,
    read_created_link,
    read_keys,
    read_links,
    read_terms,
    read_usage,
)

T = TypeVar("T")
ACCOUNT_CHARACTERS = 8
"""Random characters of a namespace that this package makes up."""
KEYS = "/v1/account/keys"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation as a listing has it. `replay` is {"ttl_s", "max_bytes"}, or None."""

    conversation_id: str
    namespace: str
    alias: str
    metadata: Metadata
    replay: dict[str, Any] | None
    expires_at: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Minted(Conversation):
    """A new conversation with its first magic link, which is a secret."""

    magic_link: str = field(repr=False)
    stream_id: str
    stream_name: str
    stream_metadata: Metadata


@dataclass(frozen=True, slots=True)
class Inspected(Conversation):
    """A conversation with its live streams. `link` has the terms of the link by which it was
    inspected (§2.7.9); None by its alias."""

    streams: tuple[Peer, ...]
    link: LinkTerms | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What a deployment offers: protocol version, features, limits."""

    version: str
    features: tuple[str, ...]
    limits: dict[str, float]


class Account:
    """An account at one deployment. Every method is one request and raises `AmsError`."""

    def __init__(self, url: str, answer: Fields, credential: str) -> None:
        self.url = url
        self.account_id: str = answer["account_id"]
        self.namespace: str = answer["namespace"]
        self.created_at: str = answer["created_at"]
        self.credential = credential
        """Who has it is this account: keep it out of logs and addresses. `rotate` changes it."""

    def __repr__(self) -> str:
        return f"Account({self.namespace!r} at {self.url!r})"

    async def mint(
        self,
        *,
        alias: str | None = None,
        stream_name: str | None = None,
        metadata: Metadata | None = None,
        stream_metadata: Metadata | None = None,
        expires_in_s: int | None = None,
        max_joins: int | None = None,
        canonical_input: Any = None,
        replay: dict[str, int] | None = None,
        timeout_s: float = REQUEST_S,
    ) -> Minted:
        """Make a conversation. Raises `alias_taken`, `rate_limited`, `invalid_…` (§2.3)."""
        body = {
            "alias": alias,
            "stream_name": stream_name,
            "metadata": metadata,
            "stream_metadata": stream_metadata,
            "expires_in_s": expires_in_s,
            "max_joins": max_joins,
            "replay": replay,
        }
        if canonical_input is not None:
            body |= {"id_kind": "jcs-sha256", "canonical_input": canonical_input}
        path = f"/v1/{self.namespace}/conversations"
        return await self._ask("POST", path, _minted, _given(body), timeout_s)

    async def list(self, *, timeout_s: float = REQUEST_S) -> AsyncIterator[Conversation]:
        """All conversations of the namespace, oldest first, a page per request (§2.4)."""
        cursor: str | None = None
        while True:
            query = f"?cursor={cursor}" if cursor else ""
            path = f"/v1/{self.namespace}/conversations{query}"
            page = await self._ask("GET", path, lambda answer: answer, None, timeout_s)
            for item in cast("list[Fields]", page.get("conversations", [])):
                yield _read(self.url, item, _conversation)
            following = page.get("next_cursor")
            if not isinstance(following, str) or following == cursor:
                return
            cursor = following

    async def inspect(self, alias: str, *, timeout_s: float = REQUEST_S) -> Inspected:
        """A conversation of this account, or one where it has a live stream (§2.5)."""
        return await self._ask("GET", self._path(alias), _inspected, None, timeout_s)

    async def new_link(
        self, alias: str, *, keep_connected: bool = False, timeout_s: float = REQUEST_S
    ) -> str:
        """A new magic link; every earlier one stops working (§2.7)."""
        body = {"keep_connected": True} if keep_connected else {}
        path = self._path(alias) + "/link"
        return await self._ask("POST", path, lambda a: str(a["magic_link"]), body, timeout_s)

    async def create_link(
        self,
        alias: str,
        *,
        name: str | None = None,
        read_only: bool = False,
        stream_name: str | None = None,
        expires_in_s: int | None = None,
        max_joins: int | None = None,
        timeout_s: float = REQUEST_S,
    ) -> CreatedLink:
        """One more magic link, with limits of its own; earlier ones stay (§2.7.5).

        Raises `not_found`, `link_limit`, `invalid_…`.
        """
        body = {
            "name": name,
            "read_only": read_only or None,
            "stream_name": stream_name,
            "expires_in_s": expires_in_s,
            "max_joins": max_joins,
        }
        path = self._path(alias) + "/links"
        return await self._ask("POST", path, read_created_link, _given(body), timeout_s)

    async def links(self, alias: str, *, timeout_s: float = REQUEST_S) -> tuple[ListedLink, ...]:
        """The live links, without their tokens, the oldest first (§2.7.6)."""
        return await self._ask("GET", self._path(alias) + "/links", read_links, None, timeout_s)

    async def revoke_link(self, alias: str, link_id: str, *, timeout_s: float = REQUEST_S) -> None:
        """End one link: connections that it admitted are closed with `link_revoked` (§2.7.7)."""
        path = f"{self._path(alias)}/links/{_quoted(link_id)}"
        await self._ask("DELETE", path, lambda _: None, None, timeout_s)

    async def close(self, alias: str, *, timeout_s: float = REQUEST_S) -> None:
        """End a conversation: every connection in it is closed with `conversation_closed`."""
        await self._ask("DELETE", self._path(alias), lambda _: None, None, timeout_s)

    async def rotate(self, *, grace_s: int | None = None, timeout_s: float = REQUEST_S) -> str:
        """Change the credential, here and at the deployment, and return the new one.

        Earlier ones work until the new one is first used, 24 hours at most; or for `grace_s`
        seconds, 0 to 604,800.
        """
        body = {} if grace_s is None else {"grace_s": grace_s}
        path = "/v1/account/credential"
        credential = await self._ask("POST", path, lambda a: str(a["credential"]), body, timeout_s)
        self.credential = credential
        return credential

    async def create_key(
        self,
        name: str,
        *,
        scopes: Sequence[KeyScope],
        expires_in_s: int | None = None,
        timeout_s: float = REQUEST_S,
    ) -> CreatedKey:
        """Make a key: a credential with scopes of its own, never shown again (§2.2.8).

        Raises `key_limit`, `insufficient_scope`, `invalid_key_name`, `invalid_scopes`,
        `invalid_expiry`.
        """
        body = _given({"name": name, "scopes": [*scopes], "expires_in_s": expires_in_s})
        return await self._ask("POST", KEYS, read_created_key, body, timeout_s)

    async def list_keys(self, *, timeout_s: float = REQUEST_S) -> tuple[ListedKey, ...]:
        """The keys, without their secrets, the oldest first (§2.2.10)."""
        return await self._ask("GET", KEYS, read_keys, None, timeout_s)

    async def revoke_key(self, key_id: str, *, timeout_s: float = REQUEST_S) -> None:
        """End a key, and the connections that it admitted. Raises `not_found` (§2.2.10)."""
        await self._ask("DELETE", f"{KEYS}/{_quoted(key_id)}", lambda _: None, None, timeout_s)

    async def usage(
        self, *, hours: int | None = None, timeout_s: float = REQUEST_S
    ) -> tuple[UsageHour, ...]:
        """What was used in each of the last hours in which anything was used, the oldest first.

        1 to 840 hours, the present one among them; 24 unless given (§2.10.6). Raises
        `invalid_limit`, `insufficient_scope`.
        """
        query = "" if hours is None else f"?hours={_quoted(str(hours))}"
        path = f"/v1/account/usage{query}"
        return await self._ask("GET", path, read_usage, None, timeout_s)

    async def details(self, *, timeout_s: float = REQUEST_S) -> Fields:
        """What the deployment knows of the account, and the limits that hold for it."""
        return await self._ask("GET", "/v1/account", lambda answer: answer, None, timeout_s)

    async def delete(self, *, timeout_s: float = REQUEST_S) -> None:
        """End the account and its conversations; its namespace is never given out again."""
        await self._ask("DELETE", "/v1/account", lambda _: None, None, timeout_s)

    def _path(self, alias: str) -> str:
        return f"/v1/{self.namespace}/conversations/{_quoted(alias)}"

    async def _ask(
        self,
        method: str,
        path: str,
        read: Callable[[Fields], T],
        body: Fields | None,
        timeout_s: float,
    ) -> T:
        answer = await request(
            self.url,
            method,
            path,
            credential=self.credential,
            body=body,
            timeout_s=timeout_s,
        )
        return _read(self.url, answer, read)


async def create_account(
    url: str,
    *,
    namespace: str | None = None,
    invite: str | None = None,
    timeout_s: float = REQUEST_S,
) -> Account:
    """Make an account at the deployment at `url`, in a namespace such as `heron-k3ta5w2m`.

    Raises `invalid_namespace`, `namespace_taken`, `signup_closed`, `invalid_invite`,
    `rate_limited` (with `retry_after_s`), `not_ams`, `unreachable`, `timeout`. Source: §2.2.
    """
    base = read_base_url(url)
    body = {"namespace": namespace or random_name(ACCOUNT_CHARACTERS)}
    if invite is not None:
        body["invite"] = invite
    answer = await request(base, "POST", "/v1/accounts", body=body, timeout_s=timeout_s)
    return _read(base, answer, lambda a: Account(base, a, str(a["credential"])))


async def open_account(url: str, *, credential: str, timeout_s: float = REQUEST_S) -> Account:
    """The account of a credential that was kept. Raises `invalid_credential` and as above."""
    check_credential(credential)
    base = read_base_url(url)
    answer = await request(base, "GET", "/v1/account", credential=credential, timeout_s=timeout_s)
    return _read(base, answer, lambda a: Account(base, a, credential))


async def inspect(magic_link: str, *, timeout_s: float = REQUEST_S) -> Inspected:
    """A conversation and who is in it, by its link. Raises `invalid_link`, `invalid_token`."""
    link = parse_link(magic_link)
    path = f"/v1/{link.namespace}/conversations/{link.alias}?t={link.token}"
    answer = await request(link.base_url, "GET", path, timeout_s=timeout_s)
    return _read(link.base_url, answer, _inspected)


async def offer(url: str, *, timeout_s: float = REQUEST_S) -> Offer:
    """What the deployment at `url` offers (§2.8)."""
    base = read_base_url(url)
    return _read(base, await request(base, "GET", "/v1", timeout_s=timeout_s), _offer)


async def diagnose(base_url: str) -> AmsError:
    """Why a WebSocket could not be opened: the deployment is asked over HTTP."""
    try:
        await offer(base_url)
    except AmsError as error:
        return not_ams(base_url) if error.code == "refused" else error
    return AmsError(
        "websocket_blocked",
        "AMS answers at this address, but a WebSocket doesn't get through: is there a proxy in "
        "between?",
    )


def _given(body: Fields) -> Fields:
    return {key: value for key, value in body.items() if value is not None}


def _quoted(part: str) -> str:
    from urllib.parse import quote

    return quote(part, safe="")


def _read(base_url: str, answer: Fields, read: Callable[[Fields], T]) -> T:
    try:
        return read(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as cause:
        raise not_ams(base_url) from cause


def _conversation(a: Fields) -> Conversation:
    return Conversation(*_common(a))


def _common(a: Fields) -> tuple[str, str, str, Metadata, dict[str, Any] | None, str | None, str]:
    return (
        str(a["conversation_id"]),
        str(a["namespace"]),
        str(a["alias"]),
        dict(a["metadata"] or {}),
        a.get("replay"),
        a.get("expires_at"),
        str(a["created_at"]),
    )


def _minted(a: Fields) -> Minted:
    return Minted(
        *_common(a),
        magic_link=str(a["magic_link"]),
        stream_id=str(a["stream_id"]),
        stream_name=str(a["stream_name"]),
        stream_metadata=dict(a["stream_metadata"] or {}),
    )


def _inspected(a: Fields) -> Inspected:
    streams = tuple(map(_peer, a["streams"]))
    return Inspected(*_common(a), streams=streams, link=read_terms(a.get("link")))


def _peer(a: Fields) -> Peer:
    identity = read_identity(a.get("peer_identity"))
    names = (str(a["stream_id"]), str(a["stream_name"]), str(a["owner_account_id"]))
    return Peer(*names, identity, dict(a["metadata"]))


def _offer(a: Fields) -> Offer:
    numbers = {str(k): float(v) for k, v in a["limits"].items() if isinstance(v, int | float)}
    return Offer(str(a["version"]), tuple(map(str, a["features"])), numbers)
