"""pydantic-ai: an agent whose model is a script."""

import asyncio
import sys

from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from talk import talk


async def main(name: str, link: str) -> None:
    steps = talk(name)

    def model(messages: list[ModelMessage], _: AgentInfo) -> ModelResponse:
        parts = messages[-1].parts
        answers = [part for part in parts if isinstance(part, ToolReturnPart)]
        try:
            step = steps.send(str(answers[0].content)) if answers else next(steps)
        except StopIteration:
            return ModelResponse(parts=[TextPart("left")])
        return ModelResponse(parts=[ToolCallPart(*step)])

    agent = Agent(FunctionModel(model), toolsets=[MCPToolset(link)])
    async with agent:
        result = await agent.run("Join the AMS conversation, say hello, and answer.")
    assert result.output == "left"


asyncio.run(main(*sys.argv[1:]))
