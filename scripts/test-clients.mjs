// `npm run test:clients`: real MCP clients at pinned versions, each by a magic link: it joins,
// sends, hears a peer and leaves. `npm run test:clients -- claude` runs those whose name contains
// the word; `-- --save` writes the table of docs/CONNECT.md. The first run installs them, about
// 1.5 GB below test/clients. Models are scripts: nothing leaves this machine but installations.
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { npmCommand } from "./npm.mjs";
import { findPython, makeEnvironment } from "./python.mjs";
import { serverNode } from "./server-node.mjs";
import { ROOT, say, setUpOrExit } from "./set-up.mjs";

const run = promisify(execFile);
const HERE = join(ROOT, "test", "clients");
const CONNECT = join(ROOT, "docs", "CONNECT.md");
const BEGIN = "<!-- clients: made by npm run test:clients -- --save -->\n\n";
const END = "\n\n<!-- end of clients -->";
/** Milliseconds for one client, the start of its program included. */
const CLIENT_MS_MAX = 180_000;

const REPLAY = { ttlS: 600, maxBytes: 1_048_576 };

/** Each client: its package, its script, and the environment that it needs. */
const CLIENTS = [
  { name: "TypeScript SDK 1.x", of: "@modelcontextprotocol/sdk", script: "js/official-1.mjs" },
  { name: "TypeScript SDK 2.x", of: "@modelcontextprotocol/client", script: "js/official-2.mjs" },
  { name: "Python SDK 1.x", of: "mcp", python: 1, script: "py/official_1.py" },
  { name: "Python SDK 2.x", of: "mcp", python: 2, script: "py/official_2.py" },
  { name: "FastMCP", of: "fastmcp", python: 2, script: "py/fastmcp_client.py" },
  { name: "OpenAI Agents SDK", of: "openai-agents", python: 1, script: "py/openai_agent.py" },
  { name: "Pydantic AI", of: "pydantic-ai-slim", python: 1, script: "py/pydantic_agent.py" },
  {
    name: "LangChain MCP adapters",
    of: "langchain-mcp-adapters",
    python: 1,
    script: "py/langchain_adapters.py",
  },
  { name: "mcp-remote", of: "mcp-remote", script: "js/mcp-remote.mjs" },
  { name: "AI SDK", of: "@ai-sdk/mcp", script: "js/ai-sdk.mjs" },
  { name: "MCP Inspector", of: "@modelcontextprotocol/inspector", script: "js/inspector.mjs" },
  { name: "Claude Code", of: "@anthropic-ai/claude-code", script: "js/claude-code.mjs" },
  { name: "Codex", of: "@openai/codex", script: "js/codex.mjs", onlyListed: true },
];

const args = process.argv.slice(2);
const isSaved = args.includes("--save");
const wanted = (args.find((arg) => !arg.startsWith("--")) ?? "").toLowerCase();
const clients = CLIENTS.filter(({ name }) => name.toLowerCase().includes(wanted));

await setUpOrExit();
const node = serverNode();
const pythons = installPythons();
installPackages();

const { startStandalone } = await import("../test/dist/standalone.js");
const { createAccount, join: joinByLink } = await import("../libs/client/dist/node.js");
const ams = await startStandalone();
const failed = [];
try {
  const account = await createAccount(ams.url);
  for (const client of clients) {
    const fault = await tryOut(client, account).catch((error) => error);
    say(`${fault === null ? "✓" : "✗"} ${client.name} ${versionOf(client)}`);
    if (fault !== null) failed.push(`${client.name}: ${fault.message}\n${fault.stderr ?? ""}`);
  }
} finally {
  await ams.stop();
}
for (const one of failed) process.stderr.write(`\n${one}\n`);
say(`${clients.length - failed.length} passed, ${failed.length} failed`);
if (isSaved && failed.length === 0 && wanted === "") save();
process.exit(failed.length === 0 ? 0 : 1);

/** Null when all went well. */
async function tryOut({ name, script, python, onlyListed = false }, account) {
  // With replay, as the page and the MCP edge mint: some clients have a session for each call.
  const { magicLink } = await account.mint({ alias: aliasOf(name), replay: REPLAY });
  const word = aliasOf(name);
  const home = mkdtempSync(join(tmpdir(), "ams-client-"));
  const peer = await joinByLink(magicLink, { guest: true, streamName: "peer" });
  const heard = onlyListed ? null : answer(peer, word);
  const left = new Promise((resolve) => peer.on("stream_left", () => resolve(true)));
  const program = python === undefined ? node : pythons[python];
  const PATH = [dirname(node), process.env.PATH ?? ""].join(delimiter);
  const options = { cwd: home, timeout: CLIENT_MS_MAX, env: { PATH, HOME: home } };
  try {
    await run(program, [join(HERE, script), word, magicLink], options);
    if (onlyListed) return null;
    await heard;
    await left;
    return null;
  } finally {
    await peer.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 });
  }
}

/** A peer that answers the client's hello. */
async function answer(peer, word) {
  for await (const { text } of peer.turns()) {
    if ((await text).trim() !== `hello from ${word}`) continue;
    await peer.send(`answer to ${word}`);
    await peer.endTurn();
    return;
  }
}

function aliasOf(name) {
  return name.toLowerCase().replaceAll(" ", "-").replaceAll(".", "-");
}

/**
 * The packages of the lock file, where they aren't there. Not `npm ci`: it refuses the lock, as an
 * optional package of another platform is not on the registry.
 */
function installPackages() {
  const lock = readFileSync(join(HERE, "package-lock.json"), "utf8");
  const stamp = join(HERE, "node_modules", ".ams-installed");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("Installing the clients (once, about 1 GB) …");
  const [command, first] = npmCommand();
  const flags = [
    "install",
    "--no-save",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  const env = { ...process.env, PATH: [dirname(node), process.env.PATH ?? ""].join(delimiter) };
  must(command, [...first, ...flags], env);
  // The one script that a client needs: it puts its own binary in place.
  must(node, [join(HERE, "node_modules/@anthropic-ai/claude-code/install.cjs")], env);
  writeFileSync(stamp, lock);
}

function must(command, given, env) {
  const { status } = spawnSync(command, given, { cwd: HERE, env, stdio: "inherit" });
  if (status !== 0) throw new Error(`${command} ${given.join(" ")} failed.`);
}

/** The environments of the two generations of the official SDK, which exclude each other. */
function installPythons() {
  const python = findPython();
  if (python === null) throw new Error("The Python clients need Python 3.10 or later.");
  const made = {};
  for (const number of [1, 2]) {
    const list = join(HERE, `requirements-${number}.txt`);
    const text = readFileSync(list, "utf8");
    made[number] = makeEnvironment(python, `.venv-clients-${number}`, text, (file) => {
      say(`Installing the Python clients of SDK ${number}.x (once) …`);
      must(file, ["-m", "pip", "install", "--quiet", "--no-input", "-r", list], process.env);
    });
  }
  return made;
}

function versionOf({ of, python }) {
  if (python === undefined) {
    return JSON.parse(readFileSync(join(HERE, "package.json"), "utf8")).dependencies[of];
  }
  const lines = readFileSync(join(HERE, `requirements-${python}.txt`), "utf8").split("\n");
  return lines.find((line) => line.startsWith(`${of}==`))?.split("==")[1] ?? "";
}

function save() {
  const rows = CLIENTS.map((client) => {
    const what = client.onlyListed ? "adds and lists it" : "joins, sends, hears a peer, leaves";
    return `| ${client.name} | \`${client.of}\` ${versionOf(client)} | ${what} |`;
  });
  const table = ["| client | package | seen |", "|---|---|---|", ...rows].join("\n");
  const text = readFileSync(CONNECT, "utf8");
  const from = text.indexOf(BEGIN) + BEGIN.length;
  const end = text.indexOf(END, from);
  writeFileSync(CONNECT, text.slice(0, from) + table + text.slice(end));
}
