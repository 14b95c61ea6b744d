// The official TypeScript SDK 2.x: the revision without sessions.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { talkBy, textOf } from "./talk.mjs";

const [name, link] = process.argv.slice(2);
const versionNegotiation = { mode: "auto" };
const client = new Client({ name, version: "1.0.0" }, { versionNegotiation });
await client.connect(new StreamableHTTPClientTransport(new URL(link)));
await talkBy(name, async (tool, given) =>
  textOf(await client.callTool({ name: tool, arguments: given })),
);
await client.close();
