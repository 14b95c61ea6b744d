import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { type ServerProcess, startProcess } from "../cluster/server-process.ts";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { post } from "./tincan.ts";

const MAIN = join(repositoryRoot(), "edges", "web", "dist", "main.js");

let ams: Standalone;
let web: ServerProcess;
let url = "";
let adminUrl = "";

beforeAll(async () => {
  ams = await startStandalone();
  const [port, adminPort] = [await freePort(), await freePort()];
  url = `http://127.0.0.1:${port}`;
  adminUrl = `http://127.0.0.1:${adminPort}`;
  const own = { PORT: String(port), AMS_ADMIN_PORT: String(adminPort), AMS_URL: ams.url };
  const command = {
    name: "web",
    file: process.execPath,
    args: [MAIN],
    env: { ...process.env, ...own, AMS_PUBLIC_URL: "https://ams.example" },
    logFile: join(ams.folder, "web.log"),
  };
  const isReady = () =>
    fetch(`${adminUrl}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  web = await startProcess(command, isReady);
});
afterAll(async () => {
  await web.kill("SIGTERM");
  await ams.stop();
});

test("in a process of its own it answers links of the deployment that it is given", async () => {
  const account = await post(`${ams.url}/v1/accounts`, { namespace: "alone" });
  const minted = await post(`${ams.url}/v1/alone/conversations`, {}, String(account.credential));
  const { pathname, search } = new URL(String(minted.magic_link));
  const json = await fetch(url + pathname + search, { headers: { accept: "application/json" } });
  expect(await json.json()).toMatchObject({
    pre_bound: { conversation_id: minted.conversation_id },
    tincan_url: `https://ams.example${pathname}${search}`,
  });
  expect((await fetch(`${url}${pathname}?t=${"A".repeat(43)}`)).status).toBe(404);
  const log = readFileSync(join(ams.folder, "web.log"), "utf8");
  expect(log).toContain("started");
  expect(log).not.toContain(search.slice(3));
  const home = await fetch(url);
  expect(home.status).toBe(200);
  expect(await home.text()).toContain('<script type="module" src="./_tincan/');
});

test("it says that the deployment doesn't answer, and goes on itself", async () => {
  await ams.halt();
  const path = `/alone/conversations/x?t=${"A".repeat(43)}`;
  expect((await fetch(url + path)).status).toBe(503);
  await ams.resume();
  expect((await fetch(url + path)).status).toBe(404);
});

test("a wrong configuration ends it with 78 and every fault", async () => {
  const env = { PATH: process.env.PATH, PORT: "x", AMS_WEB_THEME: "/nowhere.json" };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
  });
  const [code] = await once(child, "close");
  expect(code).toBe(78);
  for (const name of ["PORT", "AMS_URL", "AMS_WEB_THEME"]) expect(said).toContain(name);
});
