"""A person, an agent of Pydantic AI and one of AG2: who answers whom is named."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from ag2 import Agent as Ag2Agent
from ag2.testing import TestConfig
from ams_client import Connection, create_account, join
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo, FunctionModel

sys.path.insert(0, str(Path(__file__).parents[1] / "adapters" / "python"))
import ams_ag2
import ams_pydantic_ai

URL = os.environ.get("AMS_URL", "http://127.0.0.1:8080")
PLANS = iter(["Take the night train.", "Take the train at nine."])


async def plan(_: list[ModelMessage], __: AgentInfo) -> AsyncIterator[str]:
    for word in next(PLANS).split():
        yield f"{word} "


planner = PydanticAgent(FunctionModel(stream_function=plan))
critic = Ag2Agent("critic", config=TestConfig("Bring a book."))


async def person(me: Connection, questions: list[str]) -> None:
    """What a page would do: it says something, and reads what the others answer."""
    heard = me.turns()
    for question in questions:
        await me.say(question)
        print(f"ada: {question}")
        for _ in range(2):
            turn = await anext(heard)
            print(f"{turn.name}: {turn.text.strip()}")


async def main() -> None:
    account = await create_account(URL)
    link = (await account.mint()).magic_link
    key = account.credential
    async with (
        join(link, credential=key, stream_name="planner") as one,
        join(link, credential=key, stream_name="critic") as two,
        join(link, stream_name="ada") as ada,
    ):
        planning = asyncio.create_task(ams_pydantic_ai.answer(planner, one, of="ada", turns=2))
        judging = asyncio.create_task(ams_ag2.answer(critic, two, of="planner", turns=2))
        await person(ada, ["How do I get to the sea?", "What else?"])
        await asyncio.gather(planning, judging)


if __name__ == "__main__":
    asyncio.run(main())
