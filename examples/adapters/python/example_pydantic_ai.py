"""A Pydantic AI agent answers a person, turn by turn, and remembers what was said."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from ams_client import create_account, join
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, DeltaToolCalls, FunctionModel

from ams_pydantic_ai import answer

URL = os.environ.get("AMS_URL", "http://127.0.0.1:8080")


async def fake(messages: list[ModelMessage], _: AgentInfo) -> AsyncIterator[str | DeltaToolCalls]:
    """Look the price up first; then say it, and how many messages it was given."""
    last = messages[-1].parts[-1]
    if not isinstance(last, ToolReturnPart):
        yield {0: DeltaToolCall(name="price", json_args='{"of": "tea"}', tool_call_id="1")}
        return
    for piece in ("Tea is ", str(last.content), f". ({len(messages)} messages)"):
        yield piece


agent = Agent(FunctionModel(stream_function=fake), instructions="You sell tea.")


@agent.tool_plain
def price(of: str) -> str:
    """The price of a thing."""
    return f"3 euros ({of})"


async def main() -> None:
    account = await create_account(URL)
    link = (await account.mint()).magic_link
    async with (
        join(link, credential=account.credential, stream_name="clerk") as clerk,
        join(link, stream_name="ada") as ada,
    ):
        answering = asyncio.create_task(answer(agent, clerk, turns=2))
        heard = ada.turns("clerk")
        for question in ("How much is tea?", "And now?"):
            await ada.say(question)
            turn = await anext(heard)
            print(f"clerk: {await turn.read()}")
        await answering


if __name__ == "__main__":
    asyncio.run(main())
