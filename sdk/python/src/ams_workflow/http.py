"""Requests to the workflow service: JSON in, JSON out, an error of the service as an exception."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from ams_workflow.errors import WorkflowError

# Tries of a request without an answer, and seconds of one.
_ATTEMPTS = 4
_TIMEOUT_S = 15.0
_PAUSE_S = 0.2


class Http:
    """Requests of one account to one conversation; `base` is its address at the service."""

    def __init__(self, base_url: str, credential: str) -> None:
        headers = {"authorization": f"Bearer {credential}"}
        self._client = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=_TIMEOUT_S)
        self.base = "/workflow/v1/conversations"

    async def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The same bytes again while no answer comes: every write here is safe to repeat."""
        answer = await self._answer(method, path, None if body is None else encoded(body))
        value: dict[str, Any] = answer.json() if answer.content else {}
        if answer.is_success:
            return value
        code = str(value.get("error", "internal_error"))
        raise WorkflowError(code, str(value.get("message", "The service failed.")), value)

    async def read(self, path: str) -> bytes:
        """The bytes of an answer."""
        answer = await self._answer("GET", path, None)
        if not answer.is_success:
            value: dict[str, Any] = answer.json()
            raise WorkflowError(str(value.get("error")), str(value.get("message")), value)
        return answer.content

    async def close(self) -> None:
        """Ends the connections to the service."""
        await self._client.aclose()

    async def _answer(self, method: str, path: str, content: bytes | None) -> httpx.Response:
        for attempt in range(1, _ATTEMPTS):
            try:
                answer = await self._client.request(method, self.base + path, content=content)
                if answer.status_code != 503:
                    return answer
            except httpx.TransportError:
                pass
            await asyncio.sleep(_PAUSE_S * attempt)
        try:
            return await self._client.request(method, self.base + path, content=content)
        except httpx.TransportError as error:
            raise WorkflowError("unreachable", "The service does not answer.") from error


def encoded(body: Any) -> bytes:
    """JSON of a request; what is signed within it is signed as canonical JSON before."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
