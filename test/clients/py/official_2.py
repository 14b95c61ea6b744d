"""The official Python SDK 2.x."""

import asyncio
import sys

from mcp import Client
from talk import talk_by, text_of


async def main(name: str, link: str) -> None:
    async with Client(link) as client:

        async def call(tool: str, given: dict[str, object]) -> str:
            return text_of(await client.call_tool(tool, given))

        await talk_by(name, call)


asyncio.run(main(*sys.argv[1:]))
