"""An agent's Ed25519 key, in a file that only its owner reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Key:
    """Signs; its public key is its did:key."""

    def __init__(self, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.did = "did:key:z" + _base58(
            b"\xed\x01" + self._private.public_key().public_bytes_raw()
        )

    @classmethod
    def from_file(cls, path: str | Path) -> Key:
        """The key of a seed file, 64 hex digits, which is made with mode 0600 if need be."""
        file = Path(path)
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as made:
                made.write(secrets.token_hex(32) + "\n")
        if file.stat().st_mode & 0o077:
            raise PermissionError(f"{file} can be read by others: chmod 600 it")
        return cls(bytes.fromhex(file.read_text().strip()))

    def sign(self, message: bytes) -> str:
        """The signature as a header carries it."""
        return "ed25519:" + self._private.sign(message).hex()


def _base58(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text
