"""Two agents of the OpenAI Agents SDK write into one conversation; a guest reads what they say."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from typing import Any

from agents import Agent, Model, ModelResponse, Runner, function_tool
from ams_client import Streams, create_account, join
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseTextDeltaEvent,
)

from ams_openai_agents import publish

URL = os.environ.get("AMS_URL", "http://127.0.0.1:8080")


class FakeModel(Model):
    """Gives these outputs, one list per call: a text is a message, a pair is a call of a tool."""

    def __init__(self, *calls: list[str | tuple[str, str]]) -> None:
        self._calls = iter(calls)

    async def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        items: list[Any] = []
        for output in next(self._calls):
            if isinstance(output, tuple):
                items.append(tool_call(*output))
                continue
            for piece in re.findall(r"\S+\s*", output):
                yield text_delta(piece)
            items.append(message(output))
        yield completed(items)

    async def get_response(self, *_: Any, **__: Any) -> ModelResponse:
        raise NotImplementedError("The example streams.")


def tool_call(name: str, arguments: str) -> ResponseFunctionToolCall:
    return ResponseFunctionToolCall(
        type="function_call", call_id=f"call_{name}", name=name, arguments=arguments
    )


def message(text: str) -> ResponseOutputMessage:
    content = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id="msg_1", type="message", role="assistant", status="completed", content=[content]
    )


def text_delta(piece: str) -> ResponseTextDeltaEvent:
    return ResponseTextDeltaEvent(
        type="response.output_text.delta",
        delta=piece,
        content_index=0,
        item_id="msg_1",
        logprobs=[],
        output_index=0,
        sequence_number=0,
    )


def completed(items: list[Any]) -> ResponseCompletedEvent:
    response = Response(
        id="resp_1",
        created_at=0,
        model="fake",
        object="response",
        output=items,
        parallel_tool_calls=False,
        tool_choice="auto",
        tools=[],
    )
    return ResponseCompletedEvent(type="response.completed", response=response, sequence_number=1)


@function_tool
def find_order(number: int) -> str:
    """Find an order."""
    return f"Order {number} left on Monday."


desk = Agent(
    name="Order Desk",
    tools=[find_order],
    model=FakeModel([("find_order", '{"number": 7}')], ["It left on Monday."]),
)
triage = Agent(
    name="Triage",
    handoffs=[desk],
    model=FakeModel(["I ask the order desk.", ("transfer_to_order_desk", "{}")]),
)


async def main() -> None:
    account = await create_account(URL)
    link = (await account.mint()).magic_link
    async with join(link) as reader:
        turns, events = reader.turns(), reader.events()
        async with Streams(link, credential=account.credential) as team:
            run = Runner.run_streamed(triage, "Where is order 7?")
            print("result:", await publish(run, team))
        async for event in events:
            if event.type == "stream_metadata" and "tool" in event.metadata:
                print(f"{event.stream_name} used {event.metadata['tool']}")
            elif event.type == "stream_left" and event.stream_name == "Order-Desk":
                break
        await reader.close()
        async for turn in turns:
            print(f"{turn.name}: {turn.text}")


if __name__ == "__main__":
    asyncio.run(main())
