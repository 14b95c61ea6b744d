"""Finds losses by seq (§4.6). One entry per live stream: a stream that leaves is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

LEFT_MAX = 10_000
"""Streams that have left between two cursors and are remembered."""


class Seq(NamedTuple):
    """`<epoch>-<n>`."""

    epoch: int
    n: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.n}"


def read_seq(text: str | None) -> Seq | None:
    """The two numbers of a seq; None for what is none."""
    if not text or len(text) > 40:
        return None
    epoch, dash, n = text.partition("-")
    if not dash or not (epoch.isascii() and epoch.isdigit() and n.isascii() and n.isdigit()):
        return None
    return Seq(int(epoch), int(n))


@dataclass(frozen=True, slots=True)
class Loss:
    """Frames between two seqs; `missing` is None when unknown, which may also mean none."""

    after: str | None
    before: str | None
    missing: int | None


class _Position(NamedTuple):
    """The last seq of a stream, None when it has just joined; `away`: it may have said more."""

    last: Seq | None
    away: bool


class Gaps:
    """What was received of each stream. Without a position nothing is known of a stream."""

    def __init__(self) -> None:
        self._positions: dict[str, _Position] = {}
        # The last seqs of streams that have left, for what is replayed: since a cursor, and before.
        self._left: dict[str, Seq] = {}
        self._left_before: dict[str, Seq] = {}

    def reset(self, present: Iterable[str]) -> dict[str, Loss]:
        """The roster of a new connection; returns what may be lost of streams that are gone.

        What is known of streams that are still there is kept, so that a loss while away shows at
        their next frame.
        """
        lost: dict[str, Loss] = {}
        still = set(present)
        for stream_id, (last, _) in list(self._positions.items()):
            if last is not None and stream_id in still:
                self._positions[stream_id] = _Position(last, True)
                continue
            del self._positions[stream_id]
            if last is not None:
                lost[stream_id] = Loss(str(last), None, None)
                self._has_left(stream_id, last)
        return lost

    def knows(self, stream_id: str) -> bool:
        """True for a stream of which a frame has been received."""
        position = self._positions.get(stream_id)
        return position is not None and position.last is not None

    def missed(self, stream_id: str) -> Loss:
        """Frames of a stream were missed, nobody knows how many: the next one is then no news."""
        position = self._positions.pop(stream_id, None)
        last = position.last if position else None
        return Loss(str(last) if last else None, None, None)

    def joined(self, stream_id: str) -> None:
        """A stream came: its first frame will be the first of its epoch."""
        self._positions[stream_id] = _Position(None, False)

    def left(self, stream_id: str, last_seq: str | None) -> Loss | None:
        """A stream left. With its last seq (§4.6.3) a lost tail shows."""
        position = self._positions.pop(stream_id, None)
        end = read_seq(last_seq)
        if position is not None and position.last is not None:
            self._has_left(stream_id, position.last)
        if position is None or end is None:
            return None
        last, away = position
        if last is None or last.epoch == end.epoch:
            return _counted(last, None, end.n)
        return Loss(str(last), None, None) if away or end.n > 0 else None

    def frame(self, stream_id: str, seq_text: str) -> Loss | Literal["seen"] | None:
        """A frame came: "seen" when it is not new, a loss when frames before it are missing."""
        seq = read_seq(seq_text)
        if seq is None:
            return None
        position = self._positions.get(stream_id)
        if position is not None:
            last = position.last
            if last is not None and last.epoch == seq.epoch and last.n >= seq.n:
                return "seen"
        self._positions[stream_id] = _Position(seq, False)
        if position is None:
            return None
        last, away = position
        if last is None or last.epoch == seq.epoch:
            return _counted(last, seq_text, seq.n - 1)
        whole = seq.epoch > last.epoch and seq.n == 1 and not away
        return None if whole else Loss(str(last), seq_text, None)

    def replayed(
        self, stream_id: str, seq_text: str, *, is_here: bool
    ) -> Loss | Literal["seen"] | None:
        """A frame from the log: "seen" when it came before. `is_here`: the stream is live.

        A loss before it is reported by the broker, or shows here where the stream is known.
        """
        seq = read_seq(seq_text)
        if seq is None:
            return None
        position = self._positions.get(stream_id)
        last = position.last if position else None
        last = last or self._left.get(stream_id) or self._left_before.get(stream_id)
        if last is not None and seq <= last:
            return "seen"
        if is_here:
            self._positions[stream_id] = _Position(seq, False)
        else:
            self._has_left(stream_id, seq)
        follows = last is not None and last.epoch == seq.epoch
        return _counted(last, seq_text, seq.n - 1) if follows else None

    def caught_up(self) -> None:
        """Everything that was kept has come."""
        for stream_id, (last, _) in self._positions.items():
            self._positions[stream_id] = _Position(last, False)

    def cursor(self) -> None:
        """A new cursor: what left before the last one is not replayed any more."""
        self._left_before, self._left = self._left, {}

    def _has_left(self, stream_id: str, last: Seq) -> None:
        if len(self._left) < LEFT_MAX:
            self._left[stream_id] = last

    def reported(self, stream_id: str, after: str | None, before: str | None) -> Loss:
        """The broker reported a loss (§4.7): the frame after it is then not reported again."""
        first, following = read_seq(after), read_seq(before)
        if following is None:
            self._positions.pop(stream_id, None)
            return Loss(after, before, None)
        last = self._positions.get(stream_id, _Position(None, False)).last
        if last is None or last.epoch != following.epoch or last.n < following.n:
            self._positions[stream_id] = _Position(Seq(following.epoch, following.n - 1), False)
        counted = first is not None and first.epoch == following.epoch
        return Loss(after, before, following.n - first.n - 1 if counted and first else None)


def _counted(last: Seq | None, before: str | None, n: int) -> Loss | None:
    """A loss up to frame number `n` of the epoch; None when there is none."""
    missing = n - (last.n if last else 0)
    return Loss(str(last) if last else None, before, missing) if missing > 0 else None
