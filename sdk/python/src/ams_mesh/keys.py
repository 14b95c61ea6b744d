"""Ed25519 public keys as DIDs carry them, and signatures as texts."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PRIME = 2**255 - 19

# y coordinates of points of small order: under such a key some verifiers accept anything.
_SMALL_ORDER = {
    0,
    1,
    _PRIME - 1,
    int.from_bytes(
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
    ),
    int.from_bytes(
        bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
    ),
}


def key_of(text: str) -> bytes:
    """The key of a did:key, or of a `publicKeyMultibase`; ValueError for a weak or broken one."""
    multibase = text.removeprefix("did:key:")
    if not multibase.startswith("z") or len(multibase) > 49:
        raise ValueError("invalid_key")
    number = 0
    for character in multibase[1:]:
        number = number * 58 + _BASE58.index(character)
    data = number.to_bytes(34, "big")
    if data[:2] != b"\xed\x01":
        raise ValueError("invalid_key")
    key = data[2:]
    height = int.from_bytes(key, "little") & (2**255 - 1)
    if height >= _PRIME or height in _SMALL_ORDER:
        raise ValueError("weak_key")
    return key


def is_signed(key: bytes, message: bytes, signature: object) -> bool:
    """Whether a text like `ed25519:<128 hex>` is the key's signature over the message."""
    text = signature.removeprefix("ed25519:") if isinstance(signature, str) else ""
    if len(text) != 128 or text.lower() != text:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(bytes.fromhex(text), message)
    except (InvalidSignature, ValueError):
        return False
    return True
