"""What every client does: joins by the link, sends, hears a peer, and leaves.

It reads the text of a result only, as a model does whose host shows it nothing else.
"""

import re
from collections.abc import Awaitable, Callable, Generator
from typing import Any

Call = tuple[str, dict[str, Any]]

# Calls of ams_recv at most, of 5 s each.
LISTENS_MAX = 12


def talk(name: str) -> Generator[Call, str, None]:
    """The calls one after the other; each is given the text that the call before answered."""
    joined = yield "ams_join", {}
    found = re.search(r"h1_[\w-]+", joined)
    handle = found[0] if found else ""
    yield "ams_send", {"data": f"hello from {name}", "handle": handle}
    for _ in range(LISTENS_MAX):
        heard = yield "ams_recv", {"handle": handle, "wait_ms": 5000}
        if f"answer to {name}" in heard:
            yield "ams_leave", {"handle": handle}
            return
    raise RuntimeError(f"{name} heard no answer")


async def talk_by(name: str, call: Callable[[str, dict[str, Any]], Awaitable[str]]) -> None:
    """`call` runs one tool and gives the text of its result."""
    steps = talk(name)
    step = next(steps)
    while True:
        answer = await call(*step)
        try:
            step = steps.send(answer)
        except StopIteration:
            return


def text_of(result: Any) -> str:
    """The text of a tool's result."""
    return "\n".join(getattr(item, "text", "") for item in result.content)
