"""How far a connection has come in the log, and what it asks for when it joins again (§7.6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from .errors import AmsError
from .events import JoinedEvent, TokenEvent
from .frames import CursorFrame, LiveFrame, ServerFrame

_CURSOR = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_AGE = re.compile(r"[0-9]{1,9}[smhd]\Z")
CATCH_UPS = ("frames", "assembled", "log")


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What was kept and is wanted: after a cursor or an age, or the last so many frames."""

    since: str | None = None
    last: int | None = None
    form: str | None = None

    @property
    def is_wanted(self) -> bool:
        """True when any kept frame was asked for."""
        return self != CatchUp()


def read_catch_up(since: object, last: object, form: object) -> CatchUp:
    """Raises `invalid_argument` for what is no wish."""
    if since is not None and last is not None:
        raise AmsError("invalid_argument", "Either since or last is given, not both.")
    if since is not None and not (
        isinstance(since, str) and (_CURSOR.match(since) or _AGE.match(since))
    ):
        raise AmsError("invalid_argument", 'since is a cursor, or an age such as "10m".')
    if last is not None and (not isinstance(last, int) or isinstance(last, bool) or last < 0):
        raise AmsError("invalid_argument", "last is a whole number of frames.")
    if form is not None and form not in CATCH_UPS:
        raise AmsError("invalid_argument", 'catch_up is "frames", "assembled" or "log".')
    return CatchUp(since, last, form if isinstance(form, str) else None)


class Position:
    """One per connection."""

    def __init__(self, first: CatchUp) -> None:
        self._first = first
        self._has_asked = False
        self.cursor: str | None = None

    def wishes(self) -> CatchUp:
        """The first time what its owner asked for, and later what was missed."""
        wishes = self._first
        if self.cursor is not None:
            form = self._first.form or "frames"
            wishes = replace(wishes, since=self.cursor, last=None, form=form)
        self._has_asked = wishes.is_wanted
        return wishes

    def joined(self, frame: JoinedEvent) -> bool:
        """True when kept frames follow."""
        if frame.cursor is None:
            return False
        # With a number of frames its position is known once they have come.
        if self.cursor is None and self._first.last is None:
            self.cursor = frame.cursor
        return self._has_asked

    def received(self, frame: ServerFrame) -> None:
        """A frame came, in the order of the connection."""
        if isinstance(frame, TokenEvent):
            if frame.cursor is not None:
                self.cursor = frame.cursor
        elif isinstance(frame, CursorFrame | LiveFrame):
            self.cursor = frame.cursor
        else:
            self.cursor = getattr(frame, "cursor", None) or self.cursor
