"""What this agent has seen of the log: what the service says later has to be consistent with it."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ams_workflow.canonical import sha256
from ams_workflow.errors import WorkflowError

Fetch = Callable[[int, int], Awaitable[Sequence[str]]]


@dataclass(frozen=True)
class Seen:
    """Count of messages of a log, and their Merkle root in hex."""

    size: int
    root: str


class History:
    """Takes a newer size and root only with a proof; `path` keeps them between two programs."""

    def __init__(self, fetch: Fetch, path: Path | None = None) -> None:
        self._fetch = fetch
        self._path = path
        self._seen: Seen | None = None
        self.is_forked = False
        if path is not None and path.exists():
            kept = json.loads(path.read_text())
            self._seen = Seen(int(kept["size"]), str(kept["root"]))

    async def advance(self, to: Seen) -> None:
        """Raises `WorkflowError` with the code `fork_detected` for another history."""
        known = self._seen
        if known is not None and known.size > 0 and known != to:
            first, last = (known, to) if known.size <= to.size else (to, known)
            proof = await self._proof(first.size, last.size)
            if not verify_consistency(first, last, proof):
                self.is_forked = True
                raise WorkflowError("fork_detected", "The log is not the one seen before.")
            if to.size < known.size:
                return
        self._seen = to
        if self._path is not None:
            draft = self._path.with_suffix(".new")
            draft.write_text(json.dumps({"size": to.size, "root": to.root}))
            os.replace(draft, self._path)

    async def _proof(self, first: int, last: int) -> Sequence[str]:
        return [] if first in (0, last) else await self._fetch(first, last)


def verify_consistency(first: Seen, last: Seen, proof: Sequence[str]) -> bool:
    """Whether the log of `first` is a beginning of that of `last` (RFC 9162, 2.1.4.2)."""
    if first.size == last.size:
        return not proof and first.root == last.root
    if first.size == 0:
        return not proof
    path = [bytes.fromhex(one) for one in proof]
    if first.size & (first.size - 1) == 0:
        path.insert(0, bytes.fromhex(first.root))
    if not path:
        return False
    node, end = first.size - 1, last.size - 1
    while node & 1:
        node, end = node >> 1, end >> 1
    old = new = path[0]
    for one in path[1:]:
        if end == 0:
            return False
        if node & 1 or node == end:
            old, new = sha256(b"\x01", one, old), sha256(b"\x01", one, new)
            while node and not node & 1:
                node, end = node >> 1, end >> 1
        else:
            new = sha256(b"\x01", new, one)
        node, end = node >> 1, end >> 1
    return end == 0 and old.hex() == first.root and new.hex() == last.root
