"""AG2 (the successor of AutoGen): an agent as a member of a conversation.

async with join(link, credential=credential, stream_name="editor") as me:
    await answer(agent, me)
"""

from __future__ import annotations

from typing import Any

from ag2 import Agent, MemoryStream
from ag2.events import ModelMessage, ModelMessageChunk, ToolCallEvent
from ams_client import Connection, split_text


def stream_to(me: Connection) -> MemoryStream:
    """The stream of a run (`agent.run(…, stream=…)`), which sends the agent's text as it comes.

    A model that gives no chunks has its message sent as a whole. A tool's call is metadata.
    """
    stream = MemoryStream()
    chunks = 0

    async def send(event: Any) -> None:
        nonlocal chunks
        if isinstance(event, ModelMessageChunk):
            chunks += 1
        elif isinstance(event, ModelMessage):
            whole, chunks = chunks == 0, 0
            if not whole:
                return
        elif isinstance(event, ToolCallEvent):
            await me.set_metadata({"tool": event.name})
            return
        else:
            return
        for token in split_text(event.content):
            await me.send(token)

    stream.subscribe(send)
    return stream


async def answer(
    agent: Agent[Any], me: Connection, *, of: str | None = None, turns: int | None = None
) -> None:
    """Answer each turn that anybody, or the stream `of`, finishes: `turns` times, with history."""
    stream = stream_to(me)
    async for turn in me.turns():
        if of not in (None, turn.name):
            continue
        async with agent.run(f"{turn.name}: {turn.text}", stream=stream) as run:
            await run.result()
        await me.end_turn()
        turns = turns - 1 if turns else None
        if turns == 0:
            return
