"""Two AG2 agents and nobody else: a writer drafts, an editor answers, each as it is made."""

from __future__ import annotations

import asyncio
import os

from ag2 import Agent
from ag2.events import ModelMessageChunk, ModelResponse
from ag2.events.types import ModelMessage
from ag2.testing import TestConfig
from ams_client import create_account, join

from ams_ag2 import answer, stream_to

URL = os.environ.get("AMS_URL", "http://127.0.0.1:8080")

draft = ModelMessage("The sea is big.")
pieces = [ModelMessageChunk(piece) for piece in ("The sea", " is big.")]
writer = Agent("writer", config=TestConfig(*pieces, ModelResponse(draft)))
editor = Agent("editor", config=TestConfig("The sea is wide."))


async def main() -> None:
    account = await create_account(URL)
    link = (await account.mint()).magic_link
    async with (
        join(link, credential=account.credential, stream_name="writer") as one,
        join(link, credential=account.credential, stream_name="editor") as other,
        join(link) as reader,
    ):
        heard, tokens = reader.turns(), reader.tokens(of="writer")
        editing = asyncio.create_task(answer(editor, other, turns=1))
        async with writer.run("Write a line about the sea.", stream=stream_to(one)) as run:
            reply = await run.result()
        await one.end_turn()
        print("reply:", reply.body)
        print("tokens:", [(await anext(tokens)).data for _ in range(2)])
        await editing
        for _ in range(2):
            turn = await anext(heard)
            print(f"{turn.name}: {turn.text}")


if __name__ == "__main__":
    asyncio.run(main())
