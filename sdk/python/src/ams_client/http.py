"""One request to the control plane (§2.1), which distinguishes every way to fail."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

from .errors import PROBLEM_CODES, AmsError, AmsErrorCode
from .limits import ANSWER_BYTES_MAX, REQUEST_S
from .options import check_amount

if TYPE_CHECKING:
    import ssl

Fields = dict[str, Any]

PROXY_STATUSES = (502, 503, 504)
"""What a proxy answers when it can't reach the service behind it."""


def read_base_url(url: object) -> str:
    """The deployment's URL without a slash at its end. Raises `invalid_argument`."""
    text = url.strip() if isinstance(url, str) else ""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise AmsError("invalid_argument", "The deployment's URL begins with http:// or https://.")
    netloc = f"[{host}]" if ":" in host else host
    netloc += f":{port}" if port is not None else ""
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))


async def request(
    base_url: str,
    method: str,
    path: str,
    *,
    credential: str | None = None,
    body: Fields | None = None,
    timeout_s: float = REQUEST_S,
) -> Fields:
    """The answer's JSON object, empty for 204. Raises `AmsError` for everything else."""
    import asyncio

    import httpx

    check_amount("timeout_s", timeout_s)
    headers = {"accept": "application/json"}
    if credential is not None:
        headers["authorization"] = f"Bearer {credential}"
    content = None if body is None else _to_json(body)
    if content is not None:
        headers["content-type"] = "application/json"
    origin = _origin(base_url)
    try:
        call = _exchange(base_url + path, method, headers, content)
        status, kind, retry_after, raw = await asyncio.wait_for(call, timeout_s)
    except (asyncio.TimeoutError, httpx.TimeoutException) as cause:
        sentence = f"{origin} did not answer within {timeout_s:g} s."
        raise AmsError("timeout", sentence) from cause
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as cause:
        raise AmsError("unreachable", _why(origin, cause)) from None
    if status == 204:
        return {}
    fields = _parse(raw) if "json" in kind else None
    if fields is None:
        raise _no_answer_of_ams(base_url, status)
    if 200 <= status < 300:
        return fields
    error, message = fields.get("error"), fields.get("message")
    if not isinstance(error, str) or not isinstance(message, str):
        raise _no_answer_of_ams(base_url, status)
    code: AmsErrorCode = PROBLEM_CODES.get(error, "refused")
    raise AmsError(code, message, status=status, retry_after_s=_seconds(retry_after))


async def _exchange(
    url: str, method: str, headers: dict[str, str], content: bytes | None
) -> tuple[int, str, str, bytes]:
    import httpx

    client = httpx.AsyncClient(verify=_tls(), timeout=None, follow_redirects=False)
    async with client, client.stream(method, url, headers=headers, content=content) as response:
        kind = response.headers.get("content-type", "")
        raw = b""
        if "json" in kind:
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > ANSWER_BYTES_MAX:
                    chunks = []
                    break
                chunks.append(chunk)
            raw = b"".join(chunks)
        return response.status_code, kind, response.headers.get("retry-after", ""), raw


@cache
def _tls() -> ssl.SSLContext:
    """The trusted certificates are read once: it takes longer than a request."""
    import httpx

    return httpx.create_ssl_context()


def not_ams(base_url: str, status: int | None = None) -> AmsError:
    """Something else than AMS answers there."""
    sentence = f"What answers at {_origin(base_url)} is not AMS, or none that this package knows."
    return AmsError("not_ams", sentence, status=status)


def _no_answer_of_ams(base_url: str, status: int) -> AmsError:
    if status in PROXY_STATUSES:
        sentence = f"{_origin(base_url)} is a proxy, and the service behind it is not up"
        return AmsError("unavailable", f"{sentence} ({status}).", status=status)
    return not_ams(base_url, status)


def _origin(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _why(origin: str, cause: Exception) -> str:
    kind = type(cause).__name__
    if "CERTIFICATE" in str(cause):
        return f"What answers at {origin} has a certificate that isn't trusted."
    if "WRONG_VERSION" in str(cause) or "SSL" in str(cause):
        return f"What answers at {origin} doesn't speak https: is it http?"
    if kind in ("RemoteProtocolError", "ReadError"):
        return f"What answers at {origin} hangs up, or doesn't speak HTTP ({kind})."
    return f"Nothing answers at {origin} ({kind})."


def _parse(raw: bytes) -> Fields | None:
    try:
        value: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return cast(Fields, value) if isinstance(value, dict) else None


def _to_json(body: Fields) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as cause:
        sentence = "An option can't be written as JSON."
        raise AmsError("invalid_argument", sentence) from cause


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
