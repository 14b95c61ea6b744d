// docs/CONNECT.md: what a reader pastes is what the programs take, and leads into a conversation.
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";
import { connect, ERAS } from "./clients.ts";
import { ask, call, initialize, stateless, statelessHeaders } from "./raw.ts";
import { type Minted, startWorld, Watcher, type World } from "./world.ts";

const TEXT = readFileSync(join(repositoryRoot(), "docs", "CONNECT.md"), "utf8");
const LINK = "https://ams.example/falcon/conversations/stand-up?t=LINK_TOKEN";
const CREDENTIAL = /\$\{(?:env:|input:)?(?:AMS_CREDENTIAL|ams-credential)\}|ams_sk_CREDENTIAL/g;

type Server = {
  readonly type?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};
type Config = {
  readonly mcpServers?: Readonly<Record<string, Server>>;
  readonly servers?: Readonly<Record<string, Server>>;
  readonly inputs?: readonly { readonly id: string }[];
};

let world: World;
let there: Minted;

beforeAll(async () => {
  world = await startWorld();
  there = await world.conversation();
});

afterAll(() => world.stop());

function blocks(language: string): readonly string[] {
  return [...TEXT.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, block = ""]) => block,
  );
}

/** As a reader fills it in. */
function filled(text: string): string {
  return text
    .replaceAll(LINK, there.link)
    .replaceAll("https://ams.example", world.url)
    .replaceAll(CREDENTIAL, there.account.credential);
}

const configs = blocks("json");

describe("its files", () => {
  test("are JSON with one server, called after ams or its conversation, in the place where each program looks", () => {
    expect(configs).toHaveLength(6);
    for (const block of configs) {
      const config = JSON.parse(block) as Config;
      const server = serverOf(config);
      expect(server?.url ?? server?.command).toBeTypeOf("string");
      const asked = /\$\{input:([^}]+)\}/.exec(block)?.[1];
      if (asked !== undefined) expect(config.inputs?.map(({ id }) => id)).toContain(asked);
    }
    const vscode = configs.filter((block) => "servers" in JSON.parse(block));
    expect(vscode).toHaveLength(1);
  });

  test.each(configs.map((block, at) => [at + 1, block] as const))(
    "filled in, number %i lets an agent join and speak",
    async (_, block) => {
      const config = JSON.parse(filled(block)) as Config;
      const server = serverOf(config) ?? {};
      if (server.url === undefined) await speakOverStdio(server);
      else await speakOverHttp(server.url, server.headers ?? {});
    },
  );

  test("Codex's file has the keys that Codex documents", () => {
    const [block = ""] = blocks("toml");
    const [table, ...lines] = block.trim().split("\n");
    expect(table).toBe("[mcp_servers.ams]");
    const keys = lines.map((line) => /^(\w+) = "[^"]+"$/.exec(line)?.[1]);
    expect(keys).toEqual(["url", "bearer_token_env_var"]);
  });
});

describe("its command lines", () => {
  const lines = blocks("sh").flatMap((block) => block.trim().split("\n"));

  test("are those that the programs document, with the link as one quoted word", () => {
    const q = `'${LINK}'`;
    expect(lines).toEqual([
      `claude mcp add --transport http ams-stand-up ${q}`,
      'claude mcp add --transport http ams https://ams.example/mcp --header "Authorization: Bearer $AMS_CREDENTIAL"',
      `codex mcp add ams-stand-up --url ${q}`,
      `code --add-mcp '{"name":"ams-stand-up","type":"http","url":"${LINK}"}'`,
      `claude mcp add ams-stand-up -- npx --yes https://ams.example/_dist/ams.tgz mcp ${q}`,
      `codex mcp add ams-stand-up -- npx --yes https://ams.example/_dist/ams.tgz mcp ${q}`,
    ]);
    const added = /--add-mcp '(.*)'/.exec(lines[3] ?? "")?.[1] ?? "";
    expect(JSON.parse(added)).toEqual({ name: "ams-stand-up", type: "http", url: LINK });
  });
});

describe("its text", () => {
  test("has a section and a row for each MCP client that the page names, with the page's own line", async () => {
    const source = join(repositoryRoot(), "edges/web/src/page/model/connect-lines.ts");
    const { connectLines } = (await import(source)) as { connectLines: ConnectLines };
    const lines = connectLines(LINK, "tail").filter(({ id }) => !OTHER_LINES.includes(id));
    expect(lines.length).toBeGreaterThan(5);
    for (const { title, text } of lines) {
      const anchor = title.toLowerCase().replaceAll(" ", "-").replaceAll(".", "");
      expect(TEXT).toContain(`| [${title}](#${anchor}) |`);
      const [, section = ""] = TEXT.split(`\n## ${title}\n`);
      const own = (section.split("\n## ")[0] ?? "").replaceAll(/\s+/g, "");
      if (text === LINK) expect(own).toMatch(/themagiclinkasthe(?:MCPserver)?URL/);
      else expect(own).toContain(text.replaceAll(/\s+/g, ""));
    }
  });

  test("names every tool, and no other", async () => {
    const answer = await ask(there.link, {
      body: stateless("tools/list"),
      headers: statelessHeaders("tools/list"),
    });
    const listed = [...(await answer.text()).matchAll(/"name":"(ams_\w+)"/g)];
    const named = [...TEXT.matchAll(/^\| `(ams_\w+)` \|/gm)];
    const namesOf = (found: RegExpExecArray[]) => new Set(found.map(([, name]) => name));
    expect(namesOf(named)).toEqual(namesOf(listed));
  });

  const wrong = "A".repeat(43);
  test.each([
    ["400 `invalid_magic_link`", (link: string) => ask(link.replace(/\?.*/, ""), HELLO)],
    ["404 `invalid_magic_link`", (link: string) => ask(link.replace(/.{43}$/, wrong), HELLO)],
    ["404 `conversation_not_found`", (link: string) => ask(link.replace("?t", "x?t"), HELLO)],
    ["401 `invalid_credential`", (link: string) => ask(link, with_("authorization", "Bearer x"))],
    ["404 `Session not found`", (link: string) => ask(link, with_("mcp-session-id", "none"))],
    ["403 `origin_not_allowed`", (link: string) => ask(link, with_("origin", "https://a.example"))],
  ])("says what to do about %s, which is what a client gets", async (row, provoke) => {
    expect(TEXT).toContain(`| ${row} |`);
    const [status, code = ""] = row.replaceAll("`", "").split(/ (.*)/);
    const answer = await provoke(there.link);
    expect([answer.status, await answer.text()]).toEqual([
      Number(status),
      expect.stringContaining(code),
    ]);
  });
});

type ConnectLines = (
  link: string,
  tail: string,
) => readonly { readonly id: string; readonly title: string; readonly text: string }[];

/** Lines of the page for what is no MCP client. */
const OTHER_LINES = ["ams", "sdk", "websocat", "curl"];

const HELLO = { body: initialize() };
function with_(name: string, value: string) {
  return { body: call("ams_peers"), headers: { [name]: value } };
}

/** The one server of a file, by whatever name. */
function serverOf({ mcpServers, servers }: Config): Server | undefined {
  const all = Object.entries(mcpServers ?? servers ?? {});
  expect(all.map(([name]) => name)).toEqual([expect.stringMatching(/^ams(?:-stand-up)?$/)]);
  return all[0]?.[1];
}

async function speakOverHttp(url: string, headers: Readonly<Record<string, string>>) {
  for (const era of ERAS) {
    const client = await connect(era, url, "reader", headers);
    const given = url.endsWith("/mcp") ? { magic_link: there.link } : {};
    const { stream_name } = await client.call("ams_join", given);
    const sent = await client.call("ams_send", { ...given, stream_name, data: "hello" });
    expect(sent.ok).toBe(true);
    await client.call("ams_leave", { ...given, stream_name });
    await client.close();
  }
}

/** As it is printed, in an empty folder, with nothing of this clone or its user's npm. */
async function speakOverStdio({ command = "", args = [], env = {} }: Server) {
  const folder = await mkdtemp(join(tmpdir(), "ams-empty-"));
  const own = { PATH: process.env.PATH ?? "", HOME: folder, npm_config_cache: folder };
  const client = new Client({ name: "reader", version: "1" });
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: { ...own, ...env },
    cwd: folder,
  });
  await client.connect(transport);
  const watcher = await Watcher.join(there.link, "stdio-watcher");
  const given = args.at(-1) === "mcp" ? { magic_link: there.link } : {};
  await client.callTool({ name: "ams_send", arguments: { ...given, data: "hello by stdio" } });
  await watcher.until((heard) => heard.some((line) => line.endsWith(": hello by stdio")));
  await client.close();
  await watcher.connection.close();
  await rm(folder, { recursive: true, force: true });
}
