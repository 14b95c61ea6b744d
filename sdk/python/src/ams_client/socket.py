"""One WebSocket, by the `websockets` package."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from .limits import FRAME_BYTES_MAX

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

OnFrame = Callable[[str, str], None]
"""Called with "in" or "out" and the text of a frame."""


class WebSocket:
    """An open socket. `send`, `receive`, `close` in good order, `drop` at once."""

    def __init__(self, inner: ClientConnection) -> None:
        self._inner = inner

    async def send(self, text: str) -> bool:
        """Write one text frame. False when the socket was closed before, so nothing was written."""
        from websockets.exceptions import ConnectionClosed
        from websockets.protocol import State

        if self._inner.state is not State.OPEN:
            return False
        with suppress(ConnectionClosed):  # It was written, and then the connection broke.
            await self._inner.send(text)
        return True

    async def receive(self) -> str:
        """The next text frame. Raises `ConnectionClosed`; a binary frame is a protocol error."""
        message = await self._inner.recv()
        if isinstance(message, str):
            return message
        raise ValueError("a binary frame")

    async def close(self) -> None:
        """Close in good order; returns when the other side has answered, or not in time."""
        await self._inner.close()

    def drop(self) -> None:
        """End the connection at once."""
        self._inner.transport.abort()


async def open_socket(url: str, protocols: list[str], close_s: float) -> WebSocket:
    """Open a WebSocket. Raises what the `websockets` package and the system raise.

    No compression (tokens are small), no pings of the package (the connection has its own), and no
    redirects: the address and the subprotocols hold secrets, and a gateway never redirects.
    """
    from websockets.asyncio.client import connect

    class Connect(connect):
        def process_redirect(self, exc: Exception) -> Exception | str:
            return exc

    inner = await Connect(
        url,
        subprotocols=protocols,  # type: ignore[arg-type]  # a NewType of str
        compression=None,
        ping_interval=None,
        open_timeout=None,
        close_timeout=close_s,
        max_size=FRAME_BYTES_MAX,
        user_agent_header=None,
    )
    return WebSocket(inner)
