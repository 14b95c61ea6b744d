"""A token on its way out: checked, written, and never split unless its author asks for it."""

from __future__ import annotations

import json

from .errors import AmsError
from .limits import TOKEN_BYTES_MAX


def token_frame(data: object) -> str:
    """The frame of a token. Raises `token_too_large`, or `invalid_argument` for what is no text."""
    if not isinstance(data, str):
        kind = type(data).__name__
        raise AmsError("invalid_argument", f"A token is a str, and this is {kind}.")
    if len(data) * 4 > TOKEN_BYTES_MAX and (size := _bytes(data)) > TOKEN_BYTES_MAX:
        raise AmsError(
            "token_too_large",
            f"A token holds at most {TOKEN_BYTES_MAX} bytes and this one has {size}: "
            "split_text can cut it.",
        )
    return f'{{"type":"token","data":{_json(data)}}}'


def split_text(text: str) -> list[str]:
    """Cut a text into as few tokens as it needs, none in the middle of a character."""
    tokens: list[str] = []
    start = size = 0
    for at, character in enumerate(text):
        width = _bytes(character)
        if size + width > TOKEN_BYTES_MAX:
            tokens.append(text[start:at])
            start, size = at, 0
        size += width
    tokens.append(text[start:])
    return tokens


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _json(text: str) -> str:
    """The JSON of a text; a lone surrogate is escaped, as UTF-8 has no form for it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)
