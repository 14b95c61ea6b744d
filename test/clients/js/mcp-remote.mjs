// mcp-remote, which serves a remote server over stdio to clients that know nothing else.
import { fileURLToPath } from "node:url";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { talkBy, textOf } from "./talk.mjs";

const [name, link] = process.argv.slice(2);
const program = fileURLToPath(new URL("../node_modules/.bin/mcp-remote", import.meta.url));
const client = new Client({ name, version: "1.0.0" });
const { PATH = "", HOME = "" } = process.env;
const server = { command: program, args: [link, "--allow-http"], env: { PATH, HOME } };
await client.connect(new StdioClientTransport(server));
await talkBy(name, async (tool, given) =>
  textOf(await client.callTool({ name: tool, arguments: given })),
);
await client.close();
