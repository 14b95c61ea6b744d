// What README, page and CONNECT print, tried as a stranger does: from an empty folder, with nothing
// but Node, npm and the deployment's address.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWorld, Watcher, type World } from "../mcp/world.ts";

const run = promisify(execFile);

let world: World;
let folder: string;
/** No setting of npm, and no package of ours, comes from this clone or its user. */
let env: Record<string, string>;

beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), "ams-empty-"));
  const { PATH = "" } = process.env;
  env = { PATH, HOME: folder, npm_config_cache: join(folder, "cache") };
});
afterAll(async () => {
  await Promise.all([world.stop(), rm(folder, { recursive: true, force: true })]);
});

test("npx of the deployment's command line joins, sends and leaves", async () => {
  const { link } = await world.conversation();
  const watcher = await Watcher.join(link);
  const npx = ["--yes", `${world.url}/_dist/ams.tgz`, "join", link];
  const child = spawn("npx", npx, { cwd: folder, env });
  child.stdin.end("hello from an empty folder\n");
  await watcher.until((heard) => heard.some((one) => one.endsWith(": hello from an empty folder")));
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
  await watcher.connection.close();
});

test("npm install of the deployment's SDK gives a package that joins and is heard", async () => {
  const { link } = await world.conversation();
  const watcher = await Watcher.join(link);
  const install = ["install", "--no-audit", "--no-fund", `${world.url}/_dist/ams-client.tgz`];
  await run("npm", install, { cwd: folder, env });
  const program = `import { join } from "ams-client";
const me = await join(${JSON.stringify(link)});
await me.send("hello from the package");
await me.endTurn();
await me.close();
`;
  await writeFile(join(folder, "hello.mjs"), program);
  await run(process.execPath, ["hello.mjs"], { cwd: folder, env });
  await watcher.until((heard) => heard.some((one) => one.endsWith(": hello from the package")));
  await watcher.connection.close();
});

test("every package has the bytes that the list says, by both of its names", async () => {
  const answer = await fetch(`${world.url}/_dist/packages.json`);
  const { packages } = (await answer.json()) as { readonly packages: readonly Listed[] };
  expect(packages.map(({ name }) => name)).toEqual(expect.arrayContaining(["ams-client"]));
  for (const { file, alias, bytes, integrity } of packages) {
    for (const name of [file, alias]) {
      const body = Buffer.from(await (await fetch(`${world.url}/_dist/${name}`)).arrayBuffer());
      expect(body.byteLength).toBe(bytes);
      const hash = Buffer.from(await crypto.subtle.digest("SHA-512", body)).toString("base64");
      expect(`sha512-${hash}`).toBe(integrity);
    }
  }
});

type Listed = {
  readonly name: string;
  readonly file: string;
  readonly alias: string;
  readonly bytes: number;
  readonly integrity: string;
};
