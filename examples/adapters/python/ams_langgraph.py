"""LangGraph: a graph that writes into a conversation, and a node that reads one.

graph.add_node("ask", ask(me, "ada"))  # what the stream `ada` says next joins the state
await publish(graph.compile(), {"messages": []}, team)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ams_client import AmsError, Connection, Streams
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langgraph.config import get_stream_writer
from langgraph.graph.state import CompiledStateGraph

Graph = CompiledStateGraph[Any, Any, Any, Any]
Node = Callable[[dict[str, Any]], Awaitable[dict[str, list[BaseMessage]]]]


async def publish(graph: Graph, state: Any, team: Streams, config: Any = None) -> Any:
    """Run the graph, and return its last state.

    A model's text goes into a stream of the node's name, as it is made; the node's end ends the
    turn. What a node gives `say` goes into the stream that it names.
    """
    last: Any = None
    modes: Any = ["messages", "custom", "updates", "values"]
    async for mode, item in graph.astream(state, config, stream_mode=modes):
        if mode == "values":
            last = item
        elif mode == "updates":
            await team.end_turn()
        elif mode == "messages":
            chunk, about = item
            if isinstance(chunk, AIMessageChunk):
                await team.write(about["langgraph_node"], chunk.text)
        elif isinstance(item, dict) and "ams" in item:
            await team.write(*item["ams"])
            await team.end_turn()
    return last


def say(stream: str, text: str) -> None:
    """Inside a node: a whole message for this stream, without a model."""
    get_stream_writer()({"ams": (stream, text)})


def ask(me: Connection, stream: str) -> Node:
    """A node that waits for the next turn of a stream, and adds it as a human's message."""
    turns = me.turns(stream)

    async def node(_: dict[str, Any]) -> dict[str, list[BaseMessage]]:
        async for turn in turns:
            return {"messages": [HumanMessage(await turn.read(), name=stream)]}
        raise AmsError("closed", f"The stream {stream} left before it said anything.")

    return node
