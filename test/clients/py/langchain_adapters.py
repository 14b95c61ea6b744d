"""langchain-mcp-adapters: each call of a tool is a session of its own."""

import asyncio
import sys

from langchain_mcp_adapters.client import MultiServerMCPClient
from talk import talk_by


async def main(name: str, link: str) -> None:
    client = MultiServerMCPClient({"ams": {"transport": "streamable_http", "url": link}})
    tools = {tool.name: tool for tool in await client.get_tools()}

    async def call(tool: str, given: dict[str, object]) -> str:
        content = await tools[tool].ainvoke(given)
        if isinstance(content, str):
            return content
        return "\n".join(item.get("text", "") for item in content)

    await talk_by(name, call)


asyncio.run(main(*sys.argv[1:]))
