"""Keeps a sender below what deployments allow by default (§4.4.3)."""

from __future__ import annotations

import time

# 4/5 of the default limits, as clocks and buffers differ a little.
FRAMES_PER_SECOND = 16_000
FRAMES_BURST = 16_000
BYTES_PER_SECOND = 26_843_545
BYTES_BURST = 16_777_216


class Pace:
    """A token bucket of frames and of bytes: a fast source is slowed and not cut off."""

    def __init__(self) -> None:
        self._frames = float(FRAMES_BURST)
        self._bytes = float(BYTES_BURST)
        self._at = time.monotonic()

    def wait_s(self) -> float:
        """Seconds until a next frame may go out; 0 is now."""
        now = time.monotonic()
        seconds, self._at = now - self._at, now
        self._frames = min(FRAMES_BURST, self._frames + seconds * FRAMES_PER_SECOND)
        self._bytes = min(BYTES_BURST, self._bytes + seconds * BYTES_PER_SECOND)
        frames = 0.0 if self._frames >= 1 else (1 - self._frames) / FRAMES_PER_SECOND
        size = 0.0 if self._bytes >= 0 else -self._bytes / BYTES_PER_SECOND
        return max(frames, size)

    def spend(self, size: int) -> None:
        """A frame went out. The bytes may fall below zero by one frame; the next then waits."""
        self._frames -= 1
        self._bytes -= size
