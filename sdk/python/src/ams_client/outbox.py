"""What is on its way out: frames that wait for the socket, and frames that wait for receipts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from .errors import AmsError, raised_anew
from .events import Receipt
from .limits import RECEIPTS_MAX
from .pace import Pace


class Socket(Protocol):
    """What the outbox needs of a live connection."""

    async def send(self, text: str) -> bool:
        """Write a frame, and wait while the buffer is full. False when nothing was written."""
        ...


class Outgoing:
    """One frame. Its future has the receipt, or None without receipts."""

    __slots__ = ("future", "on_handed", "size", "text")

    def __init__(self, text: str, on_handed: Callable[[], None] | None = None) -> None:
        self.text = text
        self.size = len(text.encode("utf-8", "surrogatepass"))
        self.on_handed = on_handed
        self.future: asyncio.Future[Receipt | None] | None = None

    def settle(self, receipt: Receipt | None) -> None:
        """It arrived (with receipts) or was handed to the socket (without)."""
        if self.future is not None and not self.future.done():
            self.future.set_result(receipt)

    def fail(self, error: AmsError) -> None:
        """It was not sent, or, with `delivery_unknown`, may have been."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(raised_anew(error))


class Outbox:
    """Capped. With `receipts` every frame waits for its receipt when it has gone out."""

    def __init__(self, bytes_max: int, receipts: bool) -> None:
        self._bytes_max = bytes_max
        self.receipts = receipts
        self._pace = Pace()
        self._socket: Socket | None = None
        self._waiting: deque[Outgoing] = deque()
        self._bytes = 0
        self._handed: deque[Outgoing] = deque()
        self._writing = False
        self._pump: asyncio.Task[None] | None = None
        self._ended: AmsError | None = None
        self._changed: deque[asyncio.Future[None]] = deque()

    async def put(self, frame: Outgoing) -> Receipt | None:
        """Send one frame. Raises `backpressure` when it doesn't fit, `delivery_unknown`.

        Returns when the socket has it, or with receipts when the broker has. A cancelled call takes
        a frame back that has not gone out.
        """
        if self._ended is not None:
            raise raised_anew(self._ended)
        if not self.has_room(frame.size):
            raise AmsError("backpressure", "The send buffer is full: nothing of this was sent.")
        socket = self._socket
        direct = socket is not None and not self._waiting and not self._writing
        if self.receipts:
            frame.future = asyncio.get_running_loop().create_future()
        if direct and socket is not None and self._pace.wait_s() == 0:
            await self._write(socket, frame)
            if frame.future is None:
                return None
        else:
            frame.future = frame.future or asyncio.get_running_loop().create_future()
            self._waiting.append(frame)
            self._bytes += frame.size
            self._start_pump()
        try:
            return await frame.future
        except asyncio.CancelledError:
            self.withdraw(frame)
            raise

    def put_first(self, frame: Outgoing) -> None:
        """Send a frame before all that wait: what the broker must know first after a reconnect."""
        self._waiting.appendleft(frame)
        self._bytes += frame.size

    def has_room(self, size: int) -> bool:
        """A frame that meets an empty buffer always fits."""
        fits = not self._waiting or self._bytes + size <= self._bytes_max
        return fits and len(self._handed) < RECEIPTS_MAX

    @property
    def is_idle(self) -> bool:
        """True when nothing waits for the socket or for a receipt."""
        return not self._waiting and not self._handed and not self._writing

    async def changed(self) -> None:
        """Return when something has left the buffer, or nothing ever will."""
        if self._ended is not None:
            return
        future = asyncio.get_running_loop().create_future()
        self._changed.append(future)
        await future

    def withdraw(self, frame: Outgoing) -> bool:
        """Take a frame back that has not gone out yet; False when it has."""
        if frame not in self._waiting:
            return False
        self._waiting.remove(frame)
        self._bytes -= frame.size
        return True

    def attach(self, socket: Socket) -> None:
        """A connection is established: what waits goes out on it."""
        self._socket = socket
        if self._waiting:
            self._start_pump()

    def pause(self) -> None:
        """Nothing goes out until `attach`; receipts still come in."""
        self._socket = None

    def detach(self) -> None:
        """The connection is gone. What waits stays; what waits for a receipt is in doubt."""
        self.pause()
        error = AmsError(
            "delivery_unknown",
            "The connection broke before the receipt: the frame may or may not have been taken.",
        )
        while self._handed:
            self._handed.popleft().fail(error)
        self._notify()

    def receipt(self, receipt: Receipt) -> None:
        """The broker has the oldest frame that waits for its receipt."""
        if self._handed:
            self._handed.popleft().settle(receipt)
        self._notify()

    def end(self, error: AmsError) -> None:
        """Nothing goes out any more."""
        self._ended = error
        self.detach()
        while self._waiting:
            self._waiting.popleft().fail(error)
        self._bytes = 0
        if self._pump is not None:
            self._pump.cancel()
        self._notify()

    def _start_pump(self) -> None:
        if self._pump is None and self._socket is not None and not self._writing:
            self._pump = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting and (socket := self._socket) is not None:
                pause = self._pace.wait_s()
                if pause > 0:
                    await asyncio.sleep(pause)
                    continue
                frame = self._waiting.popleft()
                self._bytes -= frame.size
                await self._write(socket, frame)
        finally:
            self._pump = None
            if self._waiting and self._ended is None:
                self._start_pump()

    async def _write(self, socket: Socket, frame: Outgoing) -> None:
        """Hand one frame to the socket; one that finds it closed waits for the next one."""
        self._writing = True
        self._pace.spend(frame.size)
        if self.receipts:
            self._handed.append(frame)
        try:
            written = await socket.send(frame.text)
        finally:
            self._writing = False
        if not written:
            self._return(frame)
            return
        if frame.on_handed is not None:
            frame.on_handed()
        if not self.receipts:
            frame.settle(None)
        self._notify()
        if self._waiting and self._pump is None:
            self._start_pump()

    def _return(self, frame: Outgoing) -> None:
        self._socket = None
        if frame in self._handed:
            self._handed.remove(frame)
        if frame.future is None:
            frame.future = asyncio.get_running_loop().create_future()
        if self._ended is not None:
            frame.fail(self._ended)
        elif not frame.future.done():
            self.put_first(frame)

    def _notify(self) -> None:
        while self._changed:
            future = self._changed.popleft()
            if not future.done():
                future.set_result(None)
