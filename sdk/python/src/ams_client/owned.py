"""What belongs to an account beside its conversations: links, keys, and what it used (§2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Fields = dict[str, Any]

KeyScope = Literal["join", "read", "mint", "full"]
"""What a key may do (§2.2.9)."""


@dataclass(frozen=True, slots=True)
class LinkTerms:
    """What a magic link is limited to; None is no limit. `expires_at` is ISO 8601."""

    name: str | None
    read_only: bool
    stream_name: str | None
    expires_at: str | None
    max_joins: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedLink(LinkTerms):
    """A magic link that was just made; `magic_link` is a secret, shown here and never again."""

    link_id: str
    created_at: str | None
    magic_link: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedLink(LinkTerms):
    """A magic link without its token. `joins` counts against `max_joins`, None without it."""

    link_id: str
    created_at: str | None
    joins: int | None
    uses: int
    last_used_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key without its secret. Times are ISO 8601; `expires_at` is None for one without end."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    expires_at: str | None
    created_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedKey(Key):
    """A key that was just made; `credential` is a secret, shown here and never again."""

    credential: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey(Key):
    """A key with the time of its last use, exact to 10 s; None before any."""

    last_used_at: str | None


@dataclass(frozen=True, slots=True)
class UsageHour:
    """What was used in the hour that began at `hour` (ISO 8601); `connection_s` is in seconds."""

    hour: str
    tokens_in: int
    bytes_in: int
    deliveries: int
    bytes_out: int
    connection_s: int
    peak_streams: int
    replay_bytes: int


def read_terms(a: Fields | None) -> LinkTerms | None:
    """The terms of a link, None where the answer has none."""
    return None if a is None else LinkTerms(**_terms(a))


def read_created_link(a: Fields) -> CreatedLink:
    """A new link, of the answer's JSON."""
    return CreatedLink(**_link(a), magic_link=str(a["magic_link"]))


def read_links(a: Fields) -> tuple[ListedLink, ...]:
    """The links of the answer's JSON."""
    return tuple(
        ListedLink(
            **_link(item),
            joins=item.get("joins"),
            uses=int(item["uses"]),
            last_used_at=item.get("last_used_at"),
        )
        for item in a["links"]
    )


def read_created_key(a: Fields) -> CreatedKey:
    """A new key, of the answer's JSON."""
    return CreatedKey(**_key(a), credential=str(a["credential"]))


def read_keys(a: Fields) -> tuple[ListedKey, ...]:
    """The keys of the answer's JSON."""
    return tuple(ListedKey(**_key(k), last_used_at=k.get("last_used_at")) for k in a["keys"])


def read_usage(a: Fields) -> tuple[UsageHour, ...]:
    """The hours of the answer's JSON."""
    counts = UsageHour.__slots__[1:]
    hours: list[Fields] = a["hours"]
    return tuple(UsageHour(str(h["hour"]), *(int(h[name]) for name in counts)) for h in hours)


def _terms(a: Fields) -> Fields:
    own = {name: a.get(name) for name in ("name", "stream_name", "expires_at", "max_joins")}
    return own | {"read_only": a.get("read_only") is True}


def _link(a: Fields) -> Fields:
    return _terms(a) | {"link_id": str(a["link_id"]), "created_at": a.get("created_at")}


def _key(a: Fields) -> Fields:
    return {
        "key_id": str(a["key_id"]),
        "name": str(a["name"]),
        "scopes": tuple(map(str, a["scopes"])),
        "expires_at": a.get("expires_at"),
        "created_at": str(a["created_at"]),
    }
