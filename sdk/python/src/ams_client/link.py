"""The magic link: `<base URL>/<namespace>/conversations/<alias>?t=<link token>` (§1.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from .errors import AmsError

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_SIGNED = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
"""A join token in the place of a link token (§2.13.5)."""

LINK_CHARACTERS_MAX = 8_192
"""Characters of a link that is read: servers accept no longer address."""

RESERVED = frozenset(
    {"v1", "mcp", "docs", "assets", "healthz", "livez", "readyz", "metrics", "admin"}
    | {"mesh", "workflow", "amp", "a2a", "hooks", "oauth", "operator"}
)
"""First path segments that are no namespaces (§1.2)."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads. `token` and `connect_url` are secrets: never show them."""

    base_url: str
    namespace: str
    alias: str
    token: str = field(repr=False)
    connect_url: str = field(repr=False)


def parse_link(text: str) -> Link:
    """Read a magic link. Raises `invalid_link`, whose message never repeats the link."""
    trimmed = text.strip() if isinstance(text, str) else ""  # pyright: ignore[reportUnnecessaryIsInstance] callers may be untyped
    link = _parse(trimmed) if len(trimmed) <= LINK_CHARACTERS_MAX else None
    if link is None:
        raise AmsError("invalid_link", _describe_fault(trimmed))
    return link


def _parse(text: str) -> Link | None:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not host:
        return None
    segments = parts.path.split("/")
    if len(segments) < 4 or segments[-2] != "conversations":
        return None
    namespace, alias = segments[-3], segments[-1]
    if not _SLUG.match(namespace) or not _SLUG.match(alias) or namespace in RESERVED:
        return None
    token = dict(parse_qsl(parts.query)).get("t", "")
    if not _TOKEN.match(token) and not _SIGNED.match(token):
        return None
    netloc = f"[{host}]" if ":" in host else host
    if port is not None:
        netloc += f":{port}"
    base = urlunsplit((parts.scheme, netloc, "/".join(segments[:-3]), "", ""))
    scheme = "wss" if parts.scheme == "https" else "ws"
    connect = urlunsplit((scheme, netloc, f"{parts.path}/connect", parts.query, ""))
    return Link(base, namespace, alias, token, connect)


def _describe_fault(text: str) -> str:
    if not text.startswith(("http://", "https://")) or "/conversations/" not in text:
        return (
            "This is not a magic link: it looks like "
            "https://…/<namespace>/conversations/<alias>?t=…."
        )
    if "?t=" in text or "&t=" in text:
        return (
            "The magic link is damaged: its namespace, its alias or the 43 characters after ?t= "
            "are not whole."
        )
    return "The magic link is cut off: its end, ?t=…, is missing. In a shell, put it in quotes."
