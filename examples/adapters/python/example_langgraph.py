"""A LangGraph graph asks a person in the conversation, and answers as its model writes."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from ams_client import Streams, create_account, join
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from ams_langgraph import ask, publish, say

URL = os.environ.get("AMS_URL", "http://127.0.0.1:8080")
model = GenericFakeChatModel(messages=iter([AIMessage("Take the train at nine.")]))


async def greet(_: MessagesState) -> dict[str, Any]:
    say("guide", "Where do you want to go?")
    return {"messages": [AIMessage("Where do you want to go?")]}


async def planner(state: MessagesState) -> dict[str, Any]:
    return {"messages": [await model.ainvoke(state["messages"])]}


async def main() -> None:
    account = await create_account(URL)
    link = (await account.mint()).magic_link
    async with (
        join(link, stream_name="ada") as ada,
        Streams(link, credential=account.credential) as team,
    ):
        heard = ada.turns()
        graph = StateGraph(MessagesState)
        graph.add_node("greet", greet)
        graph.add_node("ask", ask(await team.stream("guide"), "ada"))
        graph.add_node("planner", planner)
        graph.add_edge(START, "greet")
        graph.add_edge("greet", "ask")
        graph.add_edge("ask", "planner")
        graph.add_edge("planner", END)
        running = asyncio.create_task(publish(graph.compile(), {"messages": []}, team))
        question = await anext(heard)
        print(f"{question.name}: {question.text}")
        await ada.say("To the sea.")
        answer = await anext(heard)
        print(f"{answer.name}: {answer.text}")
        print("state:", [message.content for message in (await running)["messages"]])


if __name__ == "__main__":
    asyncio.run(main())
