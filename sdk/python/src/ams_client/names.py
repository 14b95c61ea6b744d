"""Names that this package makes up: a word, and random characters that nobody else has."""

from __future__ import annotations

import re
import secrets

_EARLY = ("amber", "birch", "cedar", "comet", "delta", "ember", "fjord", "grove")
_LATE = ("heron", "jade", "kite", "larch", "maple", "nova", "opal", "pine")
WORDS = _EARLY + _LATE
CHARACTERS = "abcdefghijklmnopqrstuvwxyz234567"

STREAM_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z")
STREAM_ID = re.compile(r"str_[0-9a-f]{26}\Z")
CREDENTIAL = re.compile(r"(?:ams_sk_[A-Za-z0-9_-]{43}|[\w-]+\.[\w-]+\.[\w-]+)\Z", re.ASCII)
"""An account's credential, or a signed token (§2.13)."""
CREDENTIAL_CHARACTERS_MAX = 8_192


def random_name(characters: int) -> str:
    """A word and this many random characters, such as `heron-k3ta`."""
    tail = "".join(secrets.choice(CHARACTERS) for _ in range(characters))
    return f"{secrets.choice(WORDS)}-{tail}"
