"""Pydantic AI: an agent as a member of a conversation.

async with join(link, credential=credential, stream_name="clerk") as me:
    await answer(agent, me)
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from ams_client import Connection
from pydantic_ai import Agent, RunContext
from pydantic_ai import messages as m


def text_of(event: m.AgentStreamEvent) -> str | None:
    """The text that an event of a run adds, if any."""
    if isinstance(event, m.PartStartEvent) and isinstance(event.part, m.TextPart):
        return event.part.content
    if isinstance(event, m.PartDeltaEvent) and isinstance(event.delta, m.TextPartDelta):
        return event.delta.content_delta
    return None


def handler(me: Connection) -> Any:
    """An `event_stream_handler`: text is sent as it comes, a tool's call is metadata."""

    async def handle(_: RunContext[Any], events: AsyncIterable[m.AgentStreamEvent]) -> None:
        async def watched() -> AsyncIterator[m.AgentStreamEvent]:
            async for event in events:
                if isinstance(event, m.FunctionToolCallEvent):
                    await me.set_metadata({"tool": event.part.tool_name})
                yield event

        await me.pipe(watched(), text_of, end_turn=False)

    return handle


async def answer(
    agent: Agent[None, str], me: Connection, *, of: str | None = None, turns: int | None = None
) -> None:
    """Answer each turn that anybody, or the stream `of`, finishes: `turns` times, with history."""
    history: list[m.ModelMessage] = []
    async for turn in me.turns():
        if of not in (None, turn.name):
            continue
        prompt, send = f"{turn.name}: {turn.text}", handler(me)
        run = await agent.run(prompt, message_history=history, event_stream_handler=send)
        await me.end_turn()
        history = run.all_messages()
        turns = turns - 1 if turns else None
        if turns == 0:
            return
