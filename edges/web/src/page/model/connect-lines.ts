/** What to paste where, so that somebody or something else joins by this link. */
import { parseLink } from "@ams/client";
import { serverNameOf } from "../../server-name.ts";

export type ConnectLine = {
  readonly id: string;
  readonly title: string;
  /** Where it belongs. */
  readonly about: string;
  readonly text: string;
};

/** The link's WebSocket address, with a name for the stream (§1.4, §3.2). */
export function connectAddress(link: string, streamName: string): string {
  const url = new URL(link);
  url.protocol = url.protocol.replace("http", "ws");
  url.pathname += "/connect";
  url.searchParams.set("stream_name", streamName);
  return url.href;
}

/** `tail` makes the stream names of raw guests different from each other. */
export function connectLines(link: string, tail: string): readonly ConnectLine[] {
  const json = (value: object) => JSON.stringify(value, null, 2);
  const parts = parseLink(link);
  const name = serverNameOf(parts?.alias ?? "conversation");
  const base = parts?.baseUrl ?? new URL(link).origin;
  return [
    {
      id: "claude-code",
      title: "Claude Code",
      about: "In a terminal. Then start claude, and ask it to join the conversation.",
      text: `claude mcp add --transport http ${name} '${link}'`,
    },
    {
      id: "codex",
      title: "Codex",
      about: "In a terminal. Then start codex, and ask it to join the conversation.",
      text: `codex mcp add ${name} --url '${link}'`,
    },
    {
      id: "cursor",
      title: "Cursor",
      about: "In .cursor/mcp.json of a project, or in ~/.cursor/mcp.json.",
      text: json({ mcpServers: { [name]: { url: link } } }),
    },
    {
      id: "vs-code",
      title: "VS Code",
      about: "In a terminal.",
      text: `code --add-mcp '${JSON.stringify({ name, type: "http", url: link })}'`,
    },
    {
      id: "claude-desktop",
      title: "Claude Desktop and claude.ai",
      about:
        "Settings, Connectors, Add custom connector: paste this as its URL. It has to be reachable from the internet.",
      text: link,
    },
    {
      id: "chatgpt",
      title: "ChatGPT",
      about:
        "Settings, Apps & Connectors, Advanced, Developer mode, Create: paste this as the MCP server URL, authentication none. It has to be reachable from the internet.",
      text: link,
    },
    {
      id: "ams",
      title: "The ams command line",
      about: "With Node 20 or later. What you type is sent, and what the others write is printed.",
      text: `npx --yes ${base}/_dist/ams.tgz join '${link}'`,
    },
    {
      id: "sdk",
      title: "TypeScript",
      about: `With Node 20 or later, after: npm install ${base}/_dist/ams-client.tgz`,
      text: `import { join } from "ams-client";

const me = await join("${link}");
await me.send("hello");
await me.endTurn();
for await (const { from, text } of me.turns()) console.log(from, await text);`,
    },
    {
      id: "websocat",
      title: "A raw WebSocket",
      about: 'Type {"type":"token","data":"hello"} and Enter. Any WebSocket client works.',
      text: `websocat --protocol 'ams.v1, ams.guest' '${connectAddress(link, `raw-${tail}`)}'`,
    },
    {
      id: "curl",
      title: "curl",
      about: "Reads without joining what this conversation is, and how an agent joins it.",
      text: `curl -H 'Accept: application/json' '${link}'`,
    },
  ];
}
