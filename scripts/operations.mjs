// `npm run docs`: writes the tables of docs/OPERATIONS.md from the settings and metrics that the
// services declare. `npm run docs -- --check` writes nothing and fails when they differ.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, setUpOrExit } from "./set-up.mjs";

await setUpOrExit({ projects: ["services/standalone"] });
const [runtime, gateway, control, standalone, { EDGES }] = await Promise.all([
  import("../libs/process/dist/index.js"),
  import("../services/gateway/dist/config.js"),
  import("../services/control/dist/config.js"),
  import("../services/standalone/dist/config.js"),
  import("../services/standalone/dist/edges.js"),
]);
const { countRejections, createRegistry, settingsTable } = runtime;
const { GatewayMetrics } = await import("../services/gateway/dist/metrics.js");
const controlMetrics = await import("../services/control/dist/metrics.js");

const tables = {
  "gateway-settings": settingsTable(gateway.GATEWAY_PROCESS_SETTINGS),
  "control-settings": settingsTable({
    ...control.CONTROL_PROCESS_SETTINGS,
    ...control.CONTROL_SETTINGS,
  }),
  "edge-settings": EDGES.map(edgeSettings).join("\n\n"),
  "standalone-settings": settingsTable(standalone.STANDALONE_SETTINGS),
  metrics: metricsTable(),
};

const path = join(ROOT, "docs/OPERATIONS.md");
const before = readFileSync(path, "utf8");
const after = Object.entries(tables).reduce(fill, before);
if (process.argv.includes("--check")) {
  if (after !== before) {
    process.stderr.write("docs/OPERATIONS.md is not what the services declare: npm run docs\n");
    process.exitCode = 1;
  }
} else writeFileSync(path, after);

function fill(text, [name, table]) {
  const begin = `<!-- ${name}: made by npm run docs -->\n`;
  const end = `<!-- end of ${name} -->`;
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/OPERATIONS.md has no place for ${name}`);
  return text.slice(0, from + begin.length) + table + text.slice(to - 1);
}

function edgeSettings({ name, settings, processSettings }) {
  return `### The ${name} edge\n\n${settingsTable({ ...processSettings, ...settings })}`;
}

function metricsTable() {
  const registry = createRegistry();
  countRejections(registry);
  new GatewayMetrics(registry, { connections: () => 0, conversations: () => 0 });
  controlMetrics.createMetrics(registry);
  // An edge registers what it counts when it is opened.
  for (const { read } of EDGES) read({}).value({ registry, url: () => "", reached: {}, log: null });
  const rows = registry.getMetricsAsArray().map((metric) => {
    const labels = metric.labelNames?.length > 0 ? ` {${metric.labelNames.join(", ")}}` : "";
    return `| \`${metric.name}\`${labels} | ${metric.constructor.name.toLowerCase()} | ${metric.help} |`;
  });
  return ["| metric | kind | what it counts |", "|---|---|---|", ...rows].join("\n");
}
