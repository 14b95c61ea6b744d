// Codex takes the line that is printed for it, and lists the server.
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const [, link] = process.argv.slice(2);
const program = fileURLToPath(new URL("../node_modules/.bin/codex", import.meta.url));
const server = `ams-${new URL(link).pathname.split("/").at(-1)}`;
const { PATH = "", HOME = "" } = process.env;
const CODEX_HOME = join(HOME, ".codex");
mkdirSync(CODEX_HOME, { recursive: true });
const codex = (args) => run(program, args, { env: { PATH, HOME, CODEX_HOME }, cwd: HOME });

await codex(["mcp", "add", server, "--url", link]);
const { stdout } = await codex(["mcp", "list", "--json"]);
const found = JSON.parse(stdout).find(({ name }) => name === server);
if (found?.transport?.url !== link) throw new Error(stdout);
