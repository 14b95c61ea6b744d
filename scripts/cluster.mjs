// `npm run cluster -- --gateways 3`: the real shape on this machine until Ctrl-C: Redis, control,
// gateways as processes of their own, one entry port. For load tests and for trying failures by
// hand: kill what you like, by the pids it prints.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT, say, setUpOrExit } from "./set-up.mjs";

/** More gateways than a machine runs by accident. */
const GATEWAYS_MAX = 64;

/** Every folder in edges that is a package. */
const EDGES = readdirSync(join(ROOT, "edges"))
  .filter((name) => existsSync(join(ROOT, "edges", name, "package.json")))
  .sort();

const USAGE = `npm run cluster -- [options]

  --gateways <n>      gateways to start; 3 unless given
  --<edge> <n>        processes of an edge to start, by its folder in edges: ${EDGES.join(", ")};
                      none unless given
  --port <port>       the entry port; the system chooses unless given
  --redis-url <url>   use this Redis instead of starting a private one
  --json              print one line of JSON instead of a table

  All settings of gateway and control apply; the limits are raised and the rates are off unless set.`;

const options = readOptions();
await setUpOrExit();
const { startCluster } = await import("../test/dist/cluster.js");

const stopAsked = new Promise((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, resolve);
});
const cluster = await startCluster(options.cluster).catch((error) => {
  say(error.message);
  process.exit(1);
});
// A fault of this program: whatever it is, its children are stopped and its folder is removed.
process.once("uncaughtException", async (error) => {
  say(`The cluster failed: ${error.stack ?? error}`);
  process.exitCode = 1;
  await cluster.stop();
  process.exit();
});
process.stdout.write(options.json ? `${JSON.stringify(describe(cluster))}\n` : table(cluster));
await stopAsked;
say("Stopping …");
await cluster.stop();

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        gateways: { type: "string", default: "3" },
        ...Object.fromEntries(EDGES.map((name) => [name, { type: "string", default: "0" }])),
        port: { type: "string", default: "0" },
        "redis-url": { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return usage(0);
    const [gateways, port] = [Number(values.gateways), Number(values.port)];
    const given = EDGES.filter((name) => values[name] !== "0");
    const edges = Object.fromEntries(given.map((name) => [name, Number(values[name])]));
    if (!isWhole(gateways, 1, GATEWAYS_MAX) || !isWhole(port, 0, 65_535)) return usage(64);
    if (!Object.values(edges).every((one) => isWhole(one, 0, GATEWAYS_MAX))) return usage(64);
    const { "redis-url": redisUrl } = values;
    const env = settingsGiven();
    return {
      json: values.json,
      cluster: {
        ...{ gateways, edges, port, env },
        ...(redisUrl && { redisUrl }),
      },
    };
  } catch (error) {
    say(error.message);
    return usage(64);
  }
}

/** What the caller's environment says of AMS wins over what a cluster for tests would have. */
function settingsGiven() {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => name.startsWith("AMS_") && !["AMS_ADMIN_PORT", "AMS_INSTANCE"].includes(name),
    ),
  );
}

function isWhole(value, min, max) {
  return Number.isInteger(value) && value >= min && value <= max;
}

function usage(status) {
  process.stderr.write(`${USAGE}\n`);
  return process.exit(status);
}

function describe(started) {
  const { url, control, gateways, edges, redis, redisUrl, folder } = started;
  const member = ({ name, pid, port, url: at, adminUrl: admin_url }) => {
    return { name, pid, port, url: at, admin_url };
  };
  return {
    url,
    pid: process.pid,
    control: member(control),
    gateways: gateways.map(member),
    edges: Object.fromEntries(
      Object.entries(edges).map(([name, members]) => [name, members.map(member)]),
    ),
    redis: { url: redisUrl, pid: redis?.pid() ?? null },
    logs: folder,
  };
}

function table(started) {
  const described = describe(started);
  const { url, control, gateways, edges, redis, logs } = described;
  const members = [control, ...gateways, ...Object.values(edges).flat()];
  const rows = [
    ["entry", process.pid, url, ""],
    ...members.map((one) => [one.name, one.pid, one.url, one.admin_url]),
    ["redis", redis.pid ?? "", redis.url, ""],
  ].map((row) => row.map(String));
  const header = ["", "pid", "address", "operators' address"];
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column].length)),
  );
  const line = (row) => row.map((cell, column) => cell.padEnd(widths[column])).join("  ");
  return [
    ...[header, ...rows].map((row) => line(row).trimEnd()),
    "",
    `Logs are in ${logs} until it stops. A conversation of your own, in this folder:`,
    `  export AMS_URL=${url}`,
    "  npx ams account create <yours> --profile cluster && npx ams mint --profile cluster",
    "Ctrl-C stops it all.",
    "",
  ].join("\n");
}
