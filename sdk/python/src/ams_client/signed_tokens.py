"""Tokens that a backend signs with a key of its account (§2.13.4), without a request.

A browser gets one of these and never a credential.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .errors import AmsError

_PURPOSE = b"ams-signing-key-v1"
_JOIN_S_MAX = 600
_BEARER_S_MAX = 3_600


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of an account, as `POST /v1/account/keys` answered (§2.2.8)."""

    account_id: str
    key_id: str
    credential: str = field(repr=False)


def sign_join_token(
    key: SigningKey,
    *,
    conversation_id: str,
    stream_name: str,
    read_only: bool = False,
    expires_in_s: int = 60,
    now: float | None = None,
) -> str:
    """A token that admits to one conversation under one name, for 1 to 600 seconds.

    It stands in a magic link in place of the link token. `now` is in Unix seconds. Raises
    `invalid_argument`.
    """
    claims = {"conversation": conversation_id, "stream_name": stream_name, "read_only": read_only}
    times = _times(expires_in_s, _JOIN_S_MAX, now)
    return _signed(key, "ams-join+jwt", claims, times)


def sign_bearer_token(
    key: SigningKey,
    *,
    scopes: Sequence[str],
    expires_in_s: int = 600,
    now: float | None = None,
) -> str:
    """A bearer for 1 to 3600 seconds, of some of the key's scopes. Raises `invalid_argument`."""
    times = _times(expires_in_s, _BEARER_S_MAX, now)
    return _signed(key, "ams-bearer+jwt", {"scope": " ".join(scopes)}, times)


def _times(expires_in_s: int, most: int, now: float | None) -> dict[str, int]:
    if not 1 <= expires_in_s <= most:
        raise AmsError("invalid_argument", f"expires_in_s is a whole number from 1 to {most}.")
    iat = int(time.time() if now is None else now)
    return {"iat": iat, "exp": iat + expires_in_s}


def _signed(
    key: SigningKey, typ: str, claims: Mapping[str, object], times: Mapping[str, int]
) -> str:
    header = {"alg": "EdDSA", "kid": key.key_id, "typ": typ}
    payload = {"iss": key.account_id, **claims, **times}
    text = f"{_encoded(header)}.{_encoded(payload)}"
    seed = hmac.new(key.credential.encode(), _PURPOSE, hashlib.sha256).digest()
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    return f"{text}.{_base64url(signature)}"


def _encoded(value: Mapping[str, object]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
