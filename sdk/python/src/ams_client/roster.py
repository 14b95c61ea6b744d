"""Who is here: the peers of a connection, kept correct by every frame (§5.6, §5.11)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .events import Peer, StreamIdentity
from .limits import GONE_MAX


class Changes(NamedTuple):
    """What differs from the roster of the connection before."""

    left: list[Peer]
    came: list[Peer]
    changed: list[Peer]


class Roster:
    """The live peers by stream id, and those who watch for new ones."""

    def __init__(self) -> None:
        self.peers: dict[str, Peer] = {}
        self._gone: dict[str, None] = {}
        self._watchers: dict[object, Callable[[Peer], None]] = {}
        self._is_old = False

    def replace(self, peers: Sequence[Peer]) -> Changes:
        """Take the roster of a new connection."""
        present = {peer.stream_id for peer in peers}
        left = [peer for peer in self.peers.values() if peer.stream_id not in present]
        came = [peer for peer in peers if peer.stream_id not in self.peers]
        changed = [
            peer
            for peer in peers
            if peer.stream_id in self.peers and self.peers[peer.stream_id].metadata != peer.metadata
        ]
        self._is_old = False
        for peer in left:
            self.remove(peer)
        for peer in peers:
            self.set(peer)
        return Changes(left, came, changed)

    def set(self, stream: Peer) -> None:
        """A stream is here, with this metadata."""
        peer = Peer(
            stream.stream_id,
            stream.stream_name,
            stream.owner_account_id,
            stream.peer_identity,
            stream.metadata,
        )
        self.peers[peer.stream_id] = peer
        self._gone.pop(peer.stream_id, None)
        for look in list(self._watchers.values()):
            look(peer)

    def remove(self, stream: StreamIdentity) -> None:
        """A stream left; its id is remembered for a while."""
        self.peers.pop(stream.stream_id, None)
        self._gone.pop(stream.stream_id, None)
        self._gone[stream.stream_id] = None
        while len(self._gone) > GONE_MAX:
            del self._gone[next(iter(self._gone))]

    def name_of(self, stream_id: str) -> str | None:
        """The name of a live peer."""
        peer = self.peers.get(stream_id)
        return peer.stream_name if peer else None

    def is_gone(self, stream_id: str) -> bool:
        """True for the id of a stream that was here and has left."""
        return stream_id in self._gone

    def away(self) -> None:
        """There is no connection: nobody knows who is here, until `replace`."""
        self._is_old = True

    def watch(self, look: Callable[[Peer], None]) -> Callable[[], None]:
        """Show `look` every peer that is here, then each that comes or has new metadata."""
        key = object()
        self._watchers[key] = look
        if not self._is_old:
            for peer in list(self.peers.values()):
                look(peer)
        return lambda: void(self._watchers.pop(key, None))


def void(_: object) -> None:
    """Drop a value."""


def is_called(stream: StreamIdentity, which: str) -> bool:
    """True when `which` is the stream's id or its name."""
    return which in (stream.stream_id, stream.stream_name)
