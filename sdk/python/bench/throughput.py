"""Tokens per second of a reader of this package, beside a bare `websockets` loop in the same run.

`python bench/throughput.py URL [TOKENS]`: both read the same conversation of the deployment at URL,
one after the other, three times; the control parses each frame's JSON and counts. It prints, as
JSON, the tokens that each reads per second of one core's CPU, and the CPU milliseconds that the
import of the package takes in a new process, each the best of its rounds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from websockets.asyncio.client import connect

from ams_client import create_account, join, parse_link

ROUNDS = 3
PIECE = "x" * 40
"""One token: about ten of a model's."""


async def control(link: str, tokens: int) -> float:
    """CPU seconds of a bare loop."""
    url = parse_link(link).connect_url
    protocols = ["ams.v1", "ams.guest"]
    async with connect(url, subprotocols=protocols, compression=None) as socket:  # type: ignore[arg-type]
        await socket.recv()
        ready.set()
        seen, began = 0, 0.0
        while seen < tokens:
            frame = json.loads(await socket.recv())
            if frame["type"] == "token":
                began = began or time.process_time()
                seen += 1
        return time.process_time() - began


async def client(link: str, tokens: int) -> float:
    """CPU seconds of this package."""
    async with join(link) as me:
        stream = me.tokens()
        ready.set()
        seen, began = 0, 0.0
        async for _ in stream:
            began = began or time.process_time()
            seen += 1
            if seen == tokens:
                break
        return time.process_time() - began


ready = asyncio.Event()

WRITER = """
import asyncio, sys
from ams_client import join
async def main(link, tokens, piece):
    async with join(link, stream_name="writer") as me:
        await me.pipe((piece for _ in range(tokens)), end_turn=False)
asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
"""


IMPORT = """
import time
began = time.process_time()
import ams_client
print((time.process_time() - began) * 1_000)
"""


async def import_ms() -> float:
    """CPU milliseconds."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", IMPORT, stdout=asyncio.subprocess.PIPE
    )
    return float((await process.communicate())[0])


async def main(url: str, tokens: int) -> None:
    """Alternate, and keep the best of each."""
    account = await create_account(url)
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, read in (("control", control), ("ams_client", client)):
            ready.clear()
            magic_link = (await account.mint()).magic_link
            reading = asyncio.ensure_future(read(magic_link, tokens))
            await ready.wait()
            args = ("-c", WRITER, magic_link, str(tokens), PIECE)
            writer = await asyncio.create_subprocess_exec(sys.executable, *args)
            seconds = await reading
            await writer.wait()
            best[name] = max(best.get(name, 0.0), tokens / seconds)
    await account.delete()
    best["import_ms"] = min([await import_ms() for _ in range(ROUNDS)])
    print(json.dumps({name: round(figure, 1) for name, figure in best.items()}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20_000))
