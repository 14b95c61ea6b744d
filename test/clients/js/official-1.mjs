// The official TypeScript SDK 1.x: sessions.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { talkBy, textOf } from "./talk.mjs";

const [name, link] = process.argv.slice(2);
const client = new Client({ name, version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(link)));
await talkBy(name, async (tool, given) =>
  textOf(await client.callTool({ name: tool, arguments: given })),
);
await client.close();
