"""OpenAI Agents SDK: a run whose agents write, each into a stream of its own.

async with Streams(link, credential=credential) as team:
    await publish(Runner.run_streamed(triage, "Where is my order?"), team)
"""

from __future__ import annotations

from typing import Any

from agents import RunResultStreaming
from ams_client import Streams


async def publish(run: RunResultStreaming, team: Streams) -> Any:
    """Send every piece of text as it comes; returns the run's final output.

    The stream has the agent's name. A handoff ends a turn; so does each message of an agent. A
    tool's call is metadata of its agent's stream, `{"tool": name}`, until its answer is there.
    """
    name = run.current_agent.name
    try:
        async for event in run.stream_events():
            if event.type == "agent_updated_stream_event":
                await team.end_turn()
                name = event.new_agent.name
            elif event.type == "raw_response_event":
                if event.data.type == "response.output_text.delta":
                    await team.write(name, event.data.delta)
            elif event.name == "message_output_created":
                await team.end_turn()
            elif event.name == "tool_called":
                me = await team.stream(name)
                await me.set_metadata({"tool": getattr(event.item.raw_item, "name", "tool")})
            elif event.name == "tool_output":
                await (await team.stream(name)).set_metadata({})
    except BaseException:
        run.cancel()  # Nobody reads it any more, so it must not go on in the background.
        raise
    await team.end_turn()
    return run.final_output
