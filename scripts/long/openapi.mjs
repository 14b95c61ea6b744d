// The long suite `openapi`: property-based requests from the description of the control plane
// (/openapi.json) against a standalone of its own, by schemathesis, which is installed once into
// .ams/schemathesis. Cases per operation: the first argument.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { ROOT, run, say } from "../set-up.mjs";

const VERSION = "4.32.5";
const VENV = join(ROOT, ".ams", `schemathesis-${VERSION}`);
const TOOL = join(VENV, "bin", "schemathesis");
/** Cases per operation at most: some minutes in all on two cores. */
const CASES = process.argv[2] ?? "500";
/** Fixed, so that a run can be repeated; another by AMS_TEST_SEED. */
const SEED = process.env.AMS_TEST_SEED ?? "1";
/** Milliseconds until the standalone answers. */
const START_MS_MAX = 20_000;
/** They end the credential that the run goes by: they are asked without one. */
const ENDING = ["delete_account", "rotate_credential"];
const NAMESPACE = "acme";
/**
 * The namespace of the credential, or nothing but 403 is seen. Two operations refuse what their
 * schemas allow: a cursor that no listing gave (§2.4.1), and a canonical_input beside another
 * id_kind than its own (§2.6.2).
 */
const CONFIG = `
[parameters]
"path.namespace" = "${NAMESPACE}"

[[operations]]
include-operation-id = ["list_conversations", "mint_conversation"]
checks.positive_data_acceptance.enabled = false
`;

await install();
const folder = mkdtempSync(join(tmpdir(), "ams-openapi-"));
const ams = await start();
try {
  const { credential } = await post("/v1/accounts", { namespace: NAMESPACE });
  await post(`/v1/${NAMESPACE}/conversations`, { alias: "known" }, credential);
  const config = join(folder, "schemathesis.toml");
  writeFileSync(config, CONFIG);
  const excluded = ENDING.flatMap((name) => ["--exclude-operation-id", name]);
  const included = ENDING.flatMap((name) => ["--include-operation-id", name]);
  const bearer = ["--header", `Authorization: Bearer ${credential}`];
  const statuses = [
    await fuzz(["--config-file", config], [...excluded, ...bearer]),
    await fuzz([], included),
  ];
  process.exitCode = statuses.every((status) => status === 0) ? 0 : 1;
} finally {
  ams.child.kill("SIGTERM");
  await ams.exited;
  rmSync(folder, { recursive: true, force: true });
}

/** Once; by the interpreter and the registry that pip is set up for. */
async function install() {
  if (existsSync(TOOL)) return;
  say(`Installing schemathesis ${VERSION} into ${VENV} …`);
  const made = await run(["python3", ["-m", "venv", VENV]]);
  const pip = [join(VENV, "bin", "pip"), ["install", "--quiet", `schemathesis==${VERSION}`]];
  if (made !== 0 || (await run(pip)) !== 0) {
    rmSync(VENV, { recursive: true, force: true });
    say("schemathesis could not be installed: it needs Python 3.10 and PyPI.");
    process.exit(69);
  }
}

async function start() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { AMS_REDIS_URL: _, ...environment } = process.env;
  const env = {
    ...environment,
    PORT: String(port),
    AMS_DATA: join(folder, "data"),
    AMS_ACCOUNTS_PER_MINUTE: "0",
    AMS_MINTS_PER_MINUTE: "0",
    AMS_ADDRESS_CPU_MS_PER_SECOND: "0",
    AMS_ACCOUNT_CPU_MS_PER_SECOND: "0",
  };
  const main = join(ROOT, "services/standalone/dist/main.js");
  const child = spawn(process.execPath, [main], { env, stdio: ["ignore", "ignore", "inherit"] });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const until = performance.now() + START_MS_MAX;
  while (performance.now() < until && !(await answers(url))) await pause(100);
  return { url, child, exited };
}

/** In the folder that goes away with the run, since the tool leaves its findings where it runs. */
function fuzz(before, after) {
  const args = ["run", `${ams.url}/openapi.json`, "--max-examples", CASES, "--seed", SEED];
  const phases = ["--phases", "examples,coverage,fuzzing", "--no-color"];
  const child = spawn(TOOL, [...before, ...args, ...phases, ...after], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}

async function post(path, body, bearer) {
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const sent = { method: "POST", headers, body: JSON.stringify(body) };
  return (await fetch(ams.url + path, sent)).json();
}

function answers(url) {
  return fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
