// `npm run test:long -- connections [--connections 50000] [--seconds 30]`: so many joined
// connections from this machine, over several load processes and source addresses, to gateways of a
// deployment of its own. One process holds 20,000 descriptors on many systems, and one address of
// loopback has 28,000 ports: hence the shares below.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, setUpOrExit } from "../set-up.mjs";

/** Connections of one gateway, of one load process, and from one address. */
const PER_GATEWAY = 15_000;
const PER_PROCESS = 12_500;
const PER_SOURCE = 25_000;
const PER_CONVERSATION = 10;
/** Tokens per second of all emitters together. */
const TOKENS_PER_SECOND = 500;
const EXIT_USAGE = 64;

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "50000" },
    seconds: { type: "string", default: "30" },
  },
});
const [connections, seconds] = [Number(values.connections), Number(values.seconds)];
if (!(connections >= PER_CONVERSATION && connections <= 1_000_000 && seconds >= 1)) {
  process.exit(EXIT_USAGE);
}
await setUpOrExit();
const { startCluster } = await import("../../test/dist/cluster.js");
const { createAccount } = await import("../../libs/client/dist/node.js");

const gateways = Math.ceil(connections / PER_GATEWAY);
const conversations = Math.floor(connections / PER_CONVERSATION);
const cluster = await startCluster({ gateways });
const folder = mkdtempSync(join(tmpdir(), "ams-connections-"));
try {
  const { credential } = await createAccount(cluster.url, { namespace: "connections" });
  const sources = Array.from({ length: Math.ceil(connections / PER_SOURCE) });
  const scenario = {
    name: `${connections} connections`,
    conversations,
    emitters: 1,
    subscribers: PER_CONVERSATION - 1,
    processes: Math.ceil(connections / PER_PROCESS),
    sources: sources.map((_, index) => `127.0.0.${index + 2}`),
    origins: cluster.gateways.map(({ url }) => url),
    phases: [{ duration: seconds, rate: TOKENS_PER_SECOND / conversations }],
  };
  // JSON is YAML.
  const path = join(folder, "connections.yaml");
  writeFileSync(path, JSON.stringify(scenario));
  const env = { ...process.env, AMS_URL: cluster.url, AMS_CREDENTIAL: credential };
  process.exitCode = await load([path, "--assert", "lost=0,faults=0,closed=0"], env);
  const memory = cluster.gateways.map(({ pid }) => anonymousKiB(pid));
  const note = `${gateways} gateways on one Redis, each conversation on one of them; after the run they had ${memory.map((kib) => `${Math.round(kib / 1_024)} MiB`).join(", ")} of their own memory.`;
  process.stdout.write(`\n${note}\n`);
} finally {
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
}

function load(words, env) {
  return new Promise((resolve) => {
    const args = [join(ROOT, "cli/bin/ams.mjs"), "load", "run", ...words, "--no-color"];
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "inherit", "inherit"] });
    child.once("close", (code) => resolve(code ?? 1));
  });
}

/** RssAnon of a process; 0 where the system doesn't say. */
function anonymousKiB(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  } catch {
    return 0;
  }
}
