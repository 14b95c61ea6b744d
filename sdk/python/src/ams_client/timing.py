"""How long things may take and when to come back, in one place so that tests can shorten it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

ComeBack = Literal["no", "later", "renamed", "backoff", "pause", "resume", "stated"]
"""May a client come back without being asked? The last column of the table in §6.1."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Every time of a connection, in seconds."""

    dial_s: float = 15.0
    """One try to connect, until `joined`."""
    diagnose_s: float = 5.0
    """Finding out why a first try failed."""
    join_s: float = 20.0
    """A first join, with its tries, when the deployment is busy."""
    idle_s: float = 25.0
    """Without a frame, after which a ping asks whether the broker is still there."""
    pong_s: float = 10.0
    """Until a pong must have come."""
    backoff_s: float = 0.25
    """Before the first try to come back; each further one waits twice as long."""
    backoff_max_s: float = 30.0
    pause_s: float = 5.0
    """To wait at least after having been too fast, or where no quota slot was free."""
    stable_s: float = 10.0
    """For which a connection must have lasted to count as good again."""
    close_s: float = 5.0
    """What `close` gives to frames that still wait."""
    hang_up_s: float = 2.0
    """What the broker has for its half of the closing handshake."""
    random: Callable[[], float] = random.random
    """From 0 to 1: spreads those who come back at once."""


def come_back_delay(come_back: ComeBack, attempt: int, timing: Timing) -> float | None:
    """Seconds to wait before try number `attempt` (from 0); None is never (§6.1)."""
    doubled: float = min(timing.backoff_s * 2 ** min(attempt, 32), timing.backoff_max_s)
    jittered = doubled * (0.5 + timing.random() / 2)
    if come_back in ("no", "renamed"):
        return None
    if come_back in ("later", "pause"):
        return timing.pause_s * (1 + timing.random()) + jittered
    if come_back == "resume" and attempt == 0:
        return 0.0
    return jittered
