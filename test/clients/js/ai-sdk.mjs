// The MCP client of the AI SDK, with its tools called as a model would.
import { createMCPClient } from "@ai-sdk/mcp";
import { talkBy, textOf } from "./talk.mjs";

const [name, link] = process.argv.slice(2);
const client = await createMCPClient({ transport: { type: "http", url: link } });
const tools = await client.tools();
await talkBy(name, async (tool, given) =>
  textOf(await tools[tool].execute(given, { toolCallId: tool, messages: [] })),
);
await client.close();
