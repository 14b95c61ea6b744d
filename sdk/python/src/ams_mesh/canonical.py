"""Canonical JSON (RFC 8785) and JSON that two readers can't read differently."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, cast

SERVICE = "ams-mesh"
_SAFE = 2**53 - 1
_DEPTH_MAX = 16


def canonical(value: Any) -> bytes:
    """Members sorted by UTF-16 code units, numbers as ECMAScript writes them."""
    return _write(value).encode()


def tagged(purpose: str, value: Any) -> bytes:
    """What the service signs and hashes: a tag that begins no JSON text, then canonical JSON."""
    return f"{SERVICE}/1/{purpose}\n".encode() + canonical(value)


def sha256(*parts: bytes) -> bytes:
    """The digest of the parts, one after the other."""
    return hashlib.sha256(b"".join(parts)).digest()


def parse_strict(data: bytes) -> Any:
    """A JSON value; ValueError for two members of one name, deep nesting or inexact numbers."""
    value = json.loads(
        data.decode(),
        object_pairs_hook=_members,
        parse_constant=_refuse,
        parse_int=_whole,
        parse_float=_finite,
    )
    _check_depth(value, 1)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("duplicate_key")
    return members


def _refuse(text: str) -> Any:
    raise ValueError(f"invalid_number: {text}")


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _SAFE:
        raise ValueError("invalid_number")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number) or (number.is_integer() and abs(number) > _SAFE):
        raise ValueError("invalid_number")
    return number


def _check_depth(value: Any, depth: int) -> None:
    if isinstance(value, dict | list):
        if depth > _DEPTH_MAX:
            raise ValueError("too_deep")
        parts = cast("dict[str, Any] | list[Any]", value)
        for item in parts.values() if isinstance(parts, dict) else parts:
            _check_depth(item, depth + 1)


def _write(value: Any) -> str:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        names = sorted(fields, key=lambda name: str(name).encode("utf-16-be"))
        return "{" + ",".join(f"{_text(name)}:{_write(fields[name])}" for name in names) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_write(item) for item in cast("list[Any]", value)) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """The shortest decimal that reads back, in the form of ECMAScript."""
    if not math.isfinite(value):
        raise TypeError("a number is finite")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    return sign + _place(digits, point)


def _place(digits: str, point: int) -> str:
    count = len(digits)
    if count <= point <= 21:
        return digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    power = point - 1
    tail = f"{digits[0]}.{digits[1:]}" if count > 1 else digits
    return f"{tail}e{'+' if power >= 0 else '-'}{abs(power)}"
