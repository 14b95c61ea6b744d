"""openai-agents: an agent whose model is a script."""

import asyncio
import json
import sys
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, Usage, set_tracing_disabled
from agents.mcp import MCPServerStreamableHttp
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)
from talk import talk


class Script(Model):
    def __init__(self, name: str) -> None:
        self.steps = talk(name)

    async def get_response(self, *_: Any, **given: Any) -> ModelResponse:
        last = given["input"][-1]
        try:
            is_result = isinstance(last, dict) and last.get("type") == "function_call_output"
            step = self.steps.send(json.dumps(last["output"])) if is_result else next(self.steps)
        except StopIteration:
            return answer(said("left"))
        tool, arguments = step
        return answer(
            ResponseFunctionToolCall(
                type="function_call", call_id=tool, name=tool, arguments=json.dumps(arguments)
            )
        )

    def stream_response(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


def said(text: str) -> ResponseOutputMessage:
    content = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id="m", type="message", role="assistant", status="completed", content=[content]
    )


def answer(item: Any) -> ModelResponse:
    return ModelResponse(output=[item], usage=Usage(), response_id=None)


async def main(name: str, link: str) -> None:
    set_tracing_disabled(True)
    async with MCPServerStreamableHttp(
        {"url": link}, client_session_timeout_seconds=30, cache_tools_list=True
    ) as server:
        agent = Agent(name=name, model=Script(name), mcp_servers=[server])
        result = await Runner.run(agent, "Join the AMS conversation.", max_turns=30)
    assert result.final_output == "left"


asyncio.run(main(*sys.argv[1:]))
