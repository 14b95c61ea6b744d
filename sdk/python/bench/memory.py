"""Whether the memory of a program that reads and writes stays the same.

`python bench/memory.py URL [SECONDS]`: one process joins twice, writes 1,000 tokens a second in
turns of 100, and reads them as events, tokens, texts and turns of everybody; after each turn one
listener is abandoned halfway and one more call is cancelled. It prints the resident memory over
time as Markdown, and ends with 1 when the last third has more than 2 MiB above the first.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from pathlib import Path

from ams_client import AmsError, Connection, create_account, join

TURN = ["x" * 40] * 100
TURN_S = 0.1
SAMPLES = 30
"""Lines of the table."""
WARM_UP_SHARE = 0.1
"""Of the time, which is not judged: the first tokens fill the caches of the interpreter."""
GROWTH_MIB_MAX = 2.0


def resident_mib() -> float:
    """Resident memory of this process, after a collection."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def write(me: Connection, until: float) -> int:
    """Turns at a steady pace; the number of tokens."""
    tokens = 0
    while time.monotonic() < until:
        began = time.monotonic()
        tokens += (await me.pipe(TURN)).tokens
        await asyncio.sleep(max(0.0, TURN_S - (time.monotonic() - began)))
    return tokens


async def read_all(me: Connection) -> None:
    """Each way to listen, at once, until the connection ends."""

    async def events() -> None:
        async for _ in me.events():
            pass

    async def tokens() -> None:
        async for _ in me.tokens(of="writer"):
            pass

    async def texts() -> None:
        async for text in me.turns("writer"):
            await text.read()

    async def everybody() -> None:
        async for _ in me.turns():
            abandoned = me.tokens()
            await anext(abandoned, None)
            waiting = asyncio.ensure_future(anext(me.turns(), None))
            await asyncio.sleep(0)
            waiting.cancel()

    await asyncio.gather(events(), tokens(), texts(), everybody())


async def main(url: str, seconds: float) -> int:
    """Read, write and sample."""
    account = await create_account(url)
    link = (await account.mint()).magic_link
    began = time.monotonic()
    samples: list[tuple[float, float]] = []
    key = account.credential
    async with join(link, credential=key, stream_name="writer") as writer, join(link) as reader:
        reading = asyncio.create_task(read_all(reader))
        writing = asyncio.create_task(write(writer, began + seconds))
        while not writing.done():
            await asyncio.wait([writing], timeout=seconds / SAMPLES)
            samples.append((time.monotonic() - began, resident_mib()))
        tokens = await writing
        await reader.close()
        await asyncio.gather(reading, return_exceptions=True)
    await account.delete()
    warm = [mib for at, mib in samples if at > seconds * WARM_UP_SHARE]
    third = max(1, len(warm) // 3)
    growth = max(warm[-third:]) - max(warm[:third])
    print(f"| seconds | resident MiB |\n|---|---|\n{table(samples)}")
    print(f"\n{tokens} tokens written and read; {growth:+.2f} MiB from first third to last.")
    return 0 if growth <= GROWTH_MIB_MAX else 1


def table(samples: list[tuple[float, float]]) -> str:
    """The samples as rows."""
    return "\n".join(f"| {at:.0f} | {mib:.1f} |" for at, mib in samples)


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 600)))
    except AmsError as error:
        sys.exit(error.message)
