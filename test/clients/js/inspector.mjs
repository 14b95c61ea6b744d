// The Inspector's command line: a process, and so a session, for each call.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { talkBy, textOf } from "./talk.mjs";

const run = promisify(execFile);
const [name, link] = process.argv.slice(2);
const program = fileURLToPath(new URL("../node_modules/.bin/mcp-inspector", import.meta.url));

await talkBy(name, async (tool, given) => {
  const pairs = Object.entries(given).flatMap(([key, value]) => ["--tool-arg", `${key}=${value}`]);
  const asked = ["--method", "tools/call", "--tool-name", tool, ...pairs];
  const { stdout } = await run(program, ["--cli", link, "--transport", "http", ...asked]);
  return textOf(JSON.parse(stdout));
});
