"""The same without asyncio: every connection has an event loop in a thread of its own.

`with join(link) as me:` gives a `Connection` whose methods block. `close` (or the end of the
`with` block) ends the thread. Iterators are ordinary ones. A connection may be used by several
threads.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, TypeVar

from . import account as _account
from . import connection as _connection
from .account import Inspected, Minted, Offer
from .errors import AmsError
from .events import AmsEvent, Metadata, Peer, Receipt, TokenEvent, Turn
from .join import join as _join
from .owned import CreatedKey, CreatedLink, KeyScope, ListedKey, ListedLink, UsageHour
from .pipe import Piped, Source
from .turns import Gaps

T = TypeVar("T")


class _Loop:
    """An event loop in a daemon thread, until `stop`."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="ams-client", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
        """Run a coroutine there, and wait. An interrupted caller cancels it."""
        if self._loop.is_closed():
            work.close()
            raise AmsError("closed", "The connection was closed.")
        if threading.current_thread() is self._thread:
            work.close()
            raise AmsError("invalid_argument", "A listener can't call what waits: use a thread.")
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except CancelledError:
            raise AmsError("closed", "The connection was closed.") from None
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """End the loop and its thread; calling it again is fine."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            if threading.current_thread() is not self._thread:
                self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


class _Iterate(Iterator[T]):
    """An async iterator, read from another thread."""

    def __init__(self, loop: _Loop, source: AsyncIterator[T]) -> None:
        self._loop = loop
        self._source = source

    def __iter__(self) -> _Iterate[T]:
        return self

    def __next__(self) -> T:
        found, item = self._loop.call(_next(self._source))
        if not found or item is None:
            raise StopIteration
        return item


class Text(_Iterate[str]):
    """The pieces of one turn; `read` gives the rest as one text."""

    def read(self) -> str:
        """The rest of the turn as one text."""
        return "".join(self)


class Connection:
    """A connection whose methods block; see `ams_client.Connection` for what each does."""

    def __init__(self, loop: _Loop, inner: _connection.Connection) -> None:
        self._loop = loop
        self._inner = inner
        self.conversation_id = inner.conversation_id
        self.conversation_metadata = inner.conversation_metadata
        self.stream_id = inner.stream_id
        self.stream_name = inner.stream_name
        self.owner_account_id = inner.owner_account_id
        self.resumed = inner.resumed

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def metadata(self) -> Metadata:
        """A copy of the metadata of the own stream, as last sent."""
        return self._inner.metadata

    @property
    def peers(self) -> Mapping[str, Peer]:
        """A copy of the other live streams by id."""
        return dict(self._inner.peers)

    def peer(self, which: str | Callable[[Peer], bool], *, timeout_s: float | None = None) -> Peer:
        """Wait for a peer. Raises `TimeoutError` when a timeout is given and passes."""
        return self._loop.call(self._inner.peer(which), timeout_s)

    def tokens(self, of: str | None = None) -> Iterator[TokenEvent]:
        """Tokens of all streams, or of one."""
        return self._iterate(lambda: self._inner.tokens(of))

    def events(self) -> Iterator[AmsEvent]:
        """Everything that happens, in order."""
        return self._iterate(self._inner.events)

    def text(self, stream: str, *, gaps: Gaps = "throw") -> Text:
        """One turn of one stream."""

        async def make() -> AsyncIterator[str]:
            return self._inner.text(stream, gaps=gaps)

        return Text(self._loop, self._loop.call(make()))

    def turns(self) -> Iterator[Turn]:
        """The finished turns of everybody."""
        return self._iterate(self._inner.turns)

    def send(self, data: str) -> Receipt | None:
        """Send one token."""
        return self._loop.call(self._inner.send(data))

    def pipe(
        self,
        source: Source[Any],
        pick: Callable[[Any], str | None] | None = None,
        *,
        end_turn: bool = True,
    ) -> Piped:
        """Send every text of an iterable, which is read in the caller's thread.

        An async iterable is read in the connection's thread.
        """
        if isinstance(source, AsyncIterable):
            return self._loop.call(self._inner.pipe(source, pick, end_turn=end_turn))
        tokens = 0
        receipt: Receipt | None = None
        try:
            for item in source:
                data: Any = item if pick is None else pick(item)
                if data is not None:
                    receipt = self.send(data)
                    tokens += 1
        except AmsError:
            raise
        except Exception as cause:
            raise AmsError("source_failed", "The source of the pipe failed.") from cause
        if end_turn:
            self.end_turn()
        return Piped(tokens, receipt)

    def end_turn(self) -> Receipt | None:
        """End the turn."""
        return self._loop.call(self._inner.end_turn())

    def say(self, text: str) -> Receipt | None:
        """A whole message: the text as one token, then the end of the turn."""
        return self._loop.call(self._inner.say(text))

    def set_metadata(self, metadata: Metadata) -> Receipt | None:
        """Replace the stream's metadata."""
        return self._loop.call(self._inner.set_metadata(metadata))

    def ping(self) -> float:
        """Seconds to the broker and back."""
        return self._loop.call(self._inner.ping())

    def close(self) -> None:
        """Leave, and end the thread. Calling it again is fine."""
        try:
            self._loop.call(self._inner.close())
        except AmsError as error:
            if error.code != "closed":
                raise
        finally:
            self._loop.stop()

    def _iterate(self, begin: Callable[[], AsyncIterator[T]]) -> _Iterate[T]:
        async def make() -> AsyncIterator[T]:
            return begin()

        return _Iterate(self._loop, self._loop.call(make()))


class Account:
    """An account whose methods block; see `ams_client.Account` for what each does."""

    def __init__(self, inner: _account.Account) -> None:
        self._inner = inner

    @property
    def url(self) -> str:
        """The deployment."""
        return self._inner.url

    @property
    def namespace(self) -> str:
        """The first part of the account's links."""
        return self._inner.namespace

    @property
    def account_id(self) -> str:
        """`acc_…`."""
        return self._inner.account_id

    @property
    def credential(self) -> str:
        """A secret: who has it is this account."""
        return self._inner.credential

    def mint(self, **options: Any) -> Minted:
        """Make a conversation; the options are those of `ams_client.Account.mint`."""
        return _run(self._inner.mint(**options))

    def list(self) -> list[_account.Conversation]:
        """All conversations of the namespace, oldest first."""

        async def read() -> list[_account.Conversation]:
            return [conversation async for conversation in self._inner.list()]

        return _run(read())

    def inspect(self, alias: str) -> Inspected:
        """A conversation and who is in it."""
        return _run(self._inner.inspect(alias))

    def new_link(self, alias: str, *, keep_connected: bool = False) -> str:
        """A new magic link; every earlier one stops working."""
        return _run(self._inner.new_link(alias, keep_connected=keep_connected))

    def create_link(self, alias: str, **options: Any) -> CreatedLink:
        """One more link; the options are those of `ams_client.Account.create_link`."""
        return _run(self._inner.create_link(alias, **options))

    def links(self, alias: str) -> tuple[ListedLink, ...]:
        """The live links, without their tokens, the oldest first."""
        return _run(self._inner.links(alias))

    def revoke_link(self, alias: str, link_id: str) -> None:
        """End one link, and the connections that it admitted."""
        _run(self._inner.revoke_link(alias, link_id))

    def create_key(
        self, name: str, *, scopes: Sequence[KeyScope], expires_in_s: int | None = None
    ) -> CreatedKey:
        """Make a key: a credential with scopes of its own, never shown again."""
        making = self._inner.create_key(name, scopes=scopes, expires_in_s=expires_in_s)
        return _run(making)

    def list_keys(self) -> tuple[ListedKey, ...]:
        """The keys, without their secrets, the oldest first."""
        return _run(self._inner.list_keys())

    def revoke_key(self, key_id: str) -> None:
        """End a key, and the connections that it admitted."""
        _run(self._inner.revoke_key(key_id))

    def usage(self, *, hours: int | None = None) -> tuple[UsageHour, ...]:
        """What was used in each of the last hours; 24 unless given."""
        return _run(self._inner.usage(hours=hours))

    def close(self, alias: str) -> None:
        """End a conversation."""
        _run(self._inner.close(alias))

    def rotate(self, *, grace_s: int | None = None) -> str:
        """Change the credential, and return the new one."""
        return _run(self._inner.rotate(grace_s=grace_s))

    def details(self) -> dict[str, Any]:
        """What the deployment knows of the account."""
        return _run(self._inner.details())

    def delete(self) -> None:
        """End the account and its conversations."""
        _run(self._inner.delete())


def join(magic_link: str, **options: Any) -> Connection:
    """Join a conversation; the options are those of `ams_client.join`."""
    joining = _join(magic_link, **options)
    loop = _Loop()
    try:
        return Connection(loop, loop.call(_await(joining)))
    except BaseException:
        loop.stop()
        raise


def create_account(url: str, **options: Any) -> Account:
    """Make an account; the options are those of `ams_client.create_account`."""
    return Account(_run(_account.create_account(url, **options)))


def open_account(url: str, *, credential: str) -> Account:
    """The account of a credential that was kept."""
    return Account(_run(_account.open_account(url, credential=credential)))


def inspect(magic_link: str) -> Inspected:
    """A conversation and who is in it, by its link."""
    return _run(_account.inspect(magic_link))


def offer(url: str) -> Offer:
    """What the deployment at `url` offers."""
    return _run(_account.offer(url))


def _run(work: Coroutine[Any, Any, T]) -> T:
    """One call in a loop of its own: the caller's thread may have a running one."""
    loop = _Loop()
    try:
        return loop.call(work)
    finally:
        loop.stop()


async def _await(work: Awaitable[T]) -> T:
    return await work


async def _next(source: AsyncIterator[T]) -> tuple[bool, T | None]:
    try:
        return True, await source.__anext__()
    except StopAsyncIteration:
        return False, None
