"""A connection that is kept: dials, detects silence, reconnects by the close-code table (§6).

It moves to another gateway before its own goes away (§4.9). It knows nothing of streams.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from .closes import Closed, broken, read_close
from .errors import AmsError, closed_error, raised_anew
from .events import JoinedEvent
from .frames import DrainFrame, Pong, ServerFrame, read_server_frame
from .limits import PINGS_MAX
from .socket import OnFrame, WebSocket, open_socket
from .timing import Timing, come_back_delay


class ConnectionEvents(Protocol):
    """What a reconnecting connection reports, synchronously and in order."""

    def joined(self, frame: JoinedEvent, socket: WebSocket, characters: int) -> None:
        """A connection is established."""

    def received(self, frame: ServerFrame, characters: int) -> None:
        """Any later frame but pongs."""

    def moving(self) -> None:
        """A try begins beside the live connection, which will be fenced off: send no more on it."""

    def staying(self, socket: WebSocket) -> None:
        """That try failed: the connection goes on."""

    def away(self) -> None:
        """The connection is gone."""

    def retrying(self, cause: AmsError, attempt: int, delay_s: float) -> None:
        """The next try, after the first join."""

    def ended(self, error: AmsError | None) -> None:
        """It is over; None when `end` was called without an error."""


class _Call:
    """One try to connect, and the connection that it becomes."""

    def __init__(self) -> None:
        self.socket: WebSocket | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None

    def drop(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.socket is not None:
            self.socket.drop()
        elif self.task is not None:
            self.task.cancel()


class ReconnectingConnection:
    """`start` it once; `end` it once."""

    def __init__(
        self,
        events: ConnectionEvents,
        address: Callable[[], tuple[str, list[str]]],
        diagnose: Callable[[], Awaitable[AmsError]],
        timing: Timing,
        reconnect_for_s: float,
        on_frame: OnFrame | None,
    ) -> None:
        self._events = events
        self._address = address
        self._diagnose = diagnose
        self._timing = timing
        self._reconnect_for_s = reconnect_for_s
        self._on_frame = on_frame
        self._loop = asyncio.get_running_loop()
        self._live: _Call | None = None
        self._dialling: _Call | None = None
        self._redial: asyncio.TimerHandle | None = None
        self._attempt = 0
        self._established_at: float | None = None
        self._away_since = time.monotonic()
        self._received_at = 0.0
        self._over = False
        self._pings: deque[tuple[float, asyncio.Future[float]]] = deque()
        self.hung_up: asyncio.Future[None] = self._loop.create_future()
        self._diagnosis: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to dial."""
        self._away_since = time.monotonic()
        self._dial()

    async def ping(self) -> float:
        """Seconds to the broker and back. Raises `connection_lost`, `backpressure`."""
        live = self._live
        if live is None or live.socket is None:
            raise AmsError("connection_lost", "There is no connection just now.")
        if len(self._pings) >= PINGS_MAX:
            raise AmsError("backpressure", f"{PINGS_MAX} pings wait for their pongs already.")
        future: asyncio.Future[float] = self._loop.create_future()
        self._pings.append((time.monotonic(), future))
        await self._send(live.socket, '{"type":"ping"}')
        return await future

    def end(self, error: AmsError | None) -> None:
        """End it permanently: in good order without an error, at once with one."""
        if self._over:
            return
        self._over = True
        if self._redial is not None:
            self._redial.cancel()
        if self._dialling is not None:
            self._dialling.drop()
        live, self._live = self._live, None
        if live is None:
            self._set_hung_up()
        else:
            self._hang_up(live, in_good_order=error is None)
        self._fail_pings(error or closed_error())
        self._events.ended(error)

    # Dialling

    def _dial(self) -> None:
        self._redial = None
        coming_back = self._live is None and self._established_at is not None
        dial_s = self._timing.dial_s
        if coming_back:
            dial_s = min(dial_s, max(0.0, self._left_s(self._reconnect_for_s)))
        call = _Call()
        self._dialling = call
        late = "The broker did not answer in time."
        call.timer = self._loop.call_later(dial_s, self._give_up, call, late)
        if self._live is not None:
            self._events.moving()
        call.task = self._loop.create_task(self._run(call))

    async def _run(self, call: _Call) -> None:
        """Dial and receive until the socket ends."""
        from websockets.exceptions import ConnectionClosed

        try:
            url, protocols = self._address()
            call.socket = await open_socket(url, protocols, self._timing.hang_up_s)
            while True:
                self._message(call, await call.socket.receive())
        except asyncio.CancelledError:
            # The loop ends, or this try was dropped.
            if not self._over and call in (self._live, self._dialling):
                self.end(closed_error())
            raise
        except ConnectionClosed as closed:
            received = closed.rcvd
            code, reason = (received.code, received.reason) if received else (1006, "")
            self._closed(call, read_close(code, reason))
        except AmsError as error:
            self.end(error)
        except Exception as error:
            # Its name and no more: what is raised about an address may hold it, with its token.
            self._closed(call, broken(f"The connection broke ({type(error).__name__})."))
        finally:
            if call.socket is not None:
                call.socket.drop()
            if self._over:
                self._set_hung_up()

    def _message(self, call: _Call, text: str) -> None:
        if self._over or (call is not self._live and call is not self._dialling):
            return
        self._received_at = time.monotonic()
        if self._on_frame is not None:
            self._observe("in", text)
        frame = read_server_frame(text)
        if frame is None:
            return
        if call is self._dialling:
            if not isinstance(frame, JoinedEvent):
                raise AmsError("unexpected_answer", "The deployment's first frame is not joined.")
            self._establish(call, frame, len(text))
        elif isinstance(frame, Pong):
            self._pong()
        else:
            if isinstance(frame, DrainFrame):
                self._redial_in(frame.reconnect_after_s)
            self._events.received(frame, len(text))

    def _establish(self, call: _Call, frame: JoinedEvent, characters: int) -> None:
        """The try has become the connection."""
        if call.socket is None:
            return
        if call.timer is not None:
            call.timer.cancel()
        self._dialling = None
        if self._live is not None:
            self._leave(self._live)
        self._live = call
        self._established_at = time.monotonic()
        call.timer = self._loop.call_later(self._timing.idle_s, self._check_life, call)
        self._events.joined(frame, call.socket, characters)

    # Silence

    def _check_life(self, call: _Call) -> None:
        """A connection that says nothing may be dead: ask, and give up when no answer comes."""
        silent = time.monotonic() - self._received_at
        if silent < self._timing.idle_s:
            call.timer = self._loop.call_later(self._timing.idle_s - silent, self._check_life, call)
            return
        asked_at = time.monotonic()
        asking = self._loop.create_task(self.ping())
        asking.add_done_callback(_ignore_error)

        def judge() -> None:
            if self._received_at >= asked_at:
                self._check_life(call)
            else:
                self._give_up(call, "The broker has fallen silent.")

        call.timer = self._loop.call_later(self._timing.pong_s, judge)

    def _give_up(self, call: _Call, sentence: str) -> None:
        self._closed(call, broken(sentence))
        call.drop()

    # Ends

    def _closed(self, call: _Call, closed: Closed) -> None:
        if call.timer is not None:
            call.timer.cancel()
        if self._over:
            self._set_hung_up()
        elif call is self._dialling:
            self._dial_failed(closed)
        elif call is self._live:
            self._lost(call, closed)

    def _lost(self, call: _Call, closed: Closed) -> None:
        self._leave(call)
        self._away_since = time.monotonic()
        # A try of our own that is under way takes the stream over from this very connection.
        by_us = closed.error.code == "stream_displaced" and self._dialling is not None
        if not by_us and come_back_delay(closed.come_back, 0, self._timing) is None:
            self.end(closed.error)
            return
        if time.monotonic() - (self._established_at or 0) > self._timing.stable_s:
            self._attempt = 0
        if self._dialling is None and self._redial is None:
            self._come_back(closed)
        else:
            at = self._redial.when() - self._loop.time() if self._redial is not None else 0.0
            self._events.retrying(closed.error, 1, max(0.0, at))

    def _dial_failed(self, closed: Closed) -> None:
        self._dialling = None
        delay = come_back_delay(closed.come_back, self._attempt, self._timing)
        if self._live is not None and self._live.socket is not None:
            self._events.staying(self._live.socket)  # Moving failed; its gateway ends it later.
            if delay is not None:
                self._redial_in(delay)
            self._attempt += 1
        elif self._established_at is None:
            self._first_dial_failed(closed)
        else:
            self._come_back(closed)

    def _first_dial_failed(self, closed: Closed) -> None:
        """Only a busy deployment is asked again: who joins wants to know at once what is wrong."""
        if closed.by_ams and closed.come_back in ("backoff", "stated"):
            self._come_back(closed)
        elif closed.by_ams:
            self.end(closed.error)
        else:
            self._diagnosis = self._loop.create_task(self._end_with_diagnosis(closed))

    async def _end_with_diagnosis(self, closed: Closed) -> None:
        try:
            error = await asyncio.wait_for(self._diagnose(), self._timing.diagnose_s)
        except (AmsError, asyncio.TimeoutError):
            error = closed.error
        self.end(error)

    def _come_back(self, closed: Closed) -> None:
        delay = come_back_delay(closed.come_back, self._attempt, self._timing)
        is_first = self._established_at is None
        allowed = self._timing.join_s if is_first else self._reconnect_for_s
        if delay is None:
            self.end(closed.error)
        elif delay >= self._left_s(allowed):
            self.end(closed.error if is_first or closed.by_ams else _gave_up(closed.error))
        else:
            self._attempt += 1
            if not is_first:
                self._events.retrying(closed.error, self._attempt, delay)
            self._redial_in(delay)

    def _left_s(self, allowed: float) -> float:
        """What is left of this time since there is no connection."""
        return self._away_since + allowed - time.monotonic()

    def _redial_in(self, delay: float) -> None:
        if self._dialling is None and self._redial is None and not self._over:
            self._redial = self._loop.call_later(delay, self._dial)

    def _leave(self, call: _Call) -> None:
        """The live connection is gone: it broke, or another one replaced it."""
        self._live = None
        call.drop()
        self._fail_pings(AmsError("connection_lost", "The connection broke before the pong."))
        self._events.away()

    def _hang_up(self, call: _Call, *, in_good_order: bool) -> None:
        if call.timer is not None:
            call.timer.cancel()
        if not in_good_order or call.socket is None:
            call.drop()
            return
        self._closing = self._loop.create_task(self._close(call))

    async def _close(self, call: _Call) -> None:
        try:
            if call.socket is not None:
                await asyncio.wait_for(call.socket.close(), self._timing.hang_up_s)
        except asyncio.TimeoutError:
            pass
        finally:
            call.drop()
            self._set_hung_up()

    # Small parts

    async def _send(self, socket: WebSocket, text: str) -> bool:
        written = await socket.send(text)
        if written and self._on_frame is not None:
            self._observe("out", text)
        return written

    def _observe(self, direction: str, text: str) -> None:
        if self._on_frame is None:
            return
        try:
            self._on_frame(direction, text)
        except Exception as error:
            context = {"message": "on_frame of an AMS connection raised.", "exception": error}
            self._loop.call_exception_handler(context)

    def _pong(self) -> None:
        if self._pings:
            sent_at, future = self._pings.popleft()
            if not future.done():
                future.set_result(time.monotonic() - sent_at)

    def _fail_pings(self, error: AmsError) -> None:
        while self._pings:
            _, future = self._pings.popleft()
            if not future.done():
                future.set_exception(raised_anew(error))
                future.exception()  # A ping of our own has nobody who waits.

    def _set_hung_up(self) -> None:
        if not self.hung_up.done():
            self.hung_up.set_result(None)


def _ignore_error(task: asyncio.Task[float]) -> None:
    if not task.cancelled():
        task.exception()


def _gave_up(cause: AmsError) -> AmsError:
    error = AmsError(
        "connection_lost", "The connection broke and did not come back in the time allowed."
    )
    error.__cause__ = cause
    return error
