"""CrewAI: a crew whose agents write, each into a stream of its own.

async with Streams(link, credential=credential) as team:
    result = await publish(crew, team, {"topic": "tides"})
"""

from __future__ import annotations

from typing import Any

from ams_client import Streams
from crewai import Crew
from crewai.types.streaming import CrewStreamingOutput, StreamChunkType


async def publish(crew: Crew, team: Streams, inputs: dict[str, Any] | None = None) -> Any:
    """Run the crew; the text of each agent goes into the stream of its role, as it is made.

    A task's end ends a turn. Returns CrewAI's `CrewOutput`.
    """
    crew.stream = True
    output = await crew.akickoff(inputs=inputs)
    if not isinstance(output, CrewStreamingOutput):
        return output
    task = None
    try:
        async for chunk in output:
            if chunk.chunk_type is not StreamChunkType.TEXT:
                continue
            if task is not None and chunk.task_id != task:
                await team.end_turn()
            task = chunk.task_id
            await team.write(chunk.agent_role or "crew", chunk.content)
    except BaseException:
        await output.aclose()
        raise
    await team.end_turn()
    return output.result
