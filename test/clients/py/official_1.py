"""The official Python SDK 1.x."""

import asyncio
import sys

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client
from talk import talk_by, text_of


async def main(name: str, link: str) -> None:
    async with streamablehttp_client(link) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()

            async def call(tool: str, given: dict[str, object]) -> str:
                return text_of(await session.call_tool(tool, given))

            await talk_by(name, call)


asyncio.run(main(*sys.argv[1:]))
