"""Canonical JSON and hashes, as far as headers need them: texts, whole numbers, lists, objects."""

from __future__ import annotations

import hashlib
import json
from typing import Any, cast

SERVICE = "ams-workflow"
ZEROS = "0" * 64


def canonical(value: Any) -> bytes:
    """Members sorted by UTF-16 code units, no white space (RFC 8785). A fraction is refused."""
    return json.dumps(_ordered(value), separators=(",", ":"), ensure_ascii=False).encode()


def tagged(purpose: str, value: Any) -> bytes:
    """What is signed and hashed: a tag that begins no JSON text, then canonical JSON."""
    return f"{SERVICE}/1/{purpose}\n".encode() + canonical(value)


def sha256(*parts: bytes) -> bytes:
    """The digest of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def fingerprint(conversation: str, size: int, root: str, prev: str, did: str, state: str) -> str:
    """What a sender had seen, as one hash (W3.1)."""
    ident = conversation.encode()
    parts = [f"{SERVICE}/1/fp\n".encode(), len(ident).to_bytes(2, "big"), ident]
    parts += [size.to_bytes(8, "big"), bytes.fromhex(root), bytes.fromhex(prev)]
    return sha256(*parts, sha256(did.encode()), bytes.fromhex(state)).hex()


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        names = sorted(fields, key=lambda name: str(name).encode("utf-16-be"))
        return {name: _ordered(fields[name]) for name in names}
    if isinstance(value, list | tuple):
        return [_ordered(item) for item in cast("list[Any]", value)]
    if isinstance(value, float):
        raise TypeError("a header has no fractions")
    return value
