"""A crew of two writes into one conversation, one task after the other."""

from __future__ import annotations

import asyncio
import os
import re
from typing import Any

from ams_client import Streams, create_account, join
from crewai import Agent, BaseLLM, Crew, Task
from crewai.llms.base_llm import llm_call_context

from ams_crewai import publish

URL = os.environ.get("AMS_URL", "http://127.0.0.1:8080")


class FakeLLM(BaseLLM):
    """Gives these texts, one per call, piece by piece."""

    def __init__(self, *texts: str) -> None:
        super().__init__(model="fake")
        self._texts = iter(texts)

    def call(self, *_: Any, from_task: Any = None, from_agent: Any = None, **__: Any) -> str:
        text = next(self._texts)
        with llm_call_context():
            for piece in re.findall(r"\S+\s*", text):
                self._emit_stream_chunk_event(piece, from_task=from_task, from_agent=from_agent)
        return text

    async def acall(self, *args: Any, **named: Any) -> str:
        return self.call(*args, **named)


def agent(role: str, *texts: str) -> Agent:
    return Agent(role=role, goal="Help.", backstory="You are brief.", llm=FakeLLM(*texts))


async def main() -> None:
    account = await create_account(URL)
    link = (await account.mint()).magic_link
    researcher = agent("Tide Researcher", "High water is at six.")
    writer = agent("Writer", "Swim at six.")
    tasks = [
        Task(description="Find the tides.", expected_output="A time.", agent=researcher),
        Task(description="Give advice.", expected_output="A sentence.", agent=writer),
    ]
    crew = Crew(agents=[researcher, writer], tasks=tasks)
    async with (
        join(link) as reader,
        Streams(link, credential=account.credential) as team,
    ):
        heard = reader.turns()
        result = await publish(crew, team)
        for _ in range(2):
            turn = await anext(heard)
            print(f"{turn.name}: {turn.text}")
        print("result:", result.raw)


if __name__ == "__main__":
    asyncio.run(main())
