// `npm run docs`: writes the tables of docs/OPERATIONS.md from the settings, metrics and routes
// that are declared, the routes of deploy/entry/Caddyfile, what the chart has of them, and the list
// of images. With `--check` it writes nothing, and fails when they differ.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chartReadme, chartSchema } from "./chart.mjs";
import { caddyEdges, caddyRoutes, chartDirectRoutes, chartRoutes, routesTable } from "./routes.mjs";
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
const { ROUTES } = await import("../services/standalone/dist/routes.js");
const match = await import("../services/standalone/dist/route-match.js");
const { GatewayMetrics } = await import("../services/gateway/dist/metrics.js");
const controlMetrics = await import("../services/control/dist/metrics.js");

/** MiB that the image of a new edge may have beyond its base. */
const ADDED_MIB_MAX = 60;

const tables = {
  "gateway-settings": settingsTable(gateway.GATEWAY_PROCESS_SETTINGS),
  "control-settings": settingsTable({
    ...control.CONTROL_PROCESS_SETTINGS,
    ...control.CONTROL_SETTINGS,
  }),
  "edge-settings": EDGES.map(edgeSettings).join("\n\n"),
  "standalone-settings": settingsTable(standalone.STANDALONE_SETTINGS),
  metrics: metricsTable(),
  routes: routesTable(ROUTES),
};

const MARKDOWN = { begin: (name) => `<!-- ${name}: made by npm run docs -->`, end: markdownEnd };
const CADDY = {
  begin: (name) => `# ${name}: made by npm run docs`,
  end: (name) => `# end of ${name}`,
};

const files = [
  { path: "docs/OPERATIONS.md", marks: MARKDOWN, texts: tables },
  {
    path: "deploy/entry/Caddyfile",
    marks: CADDY,
    texts: { edges: caddyEdges(EDGES), routes: caddyRoutes(ROUTES, match) },
  },
];
for (const { path, marks, texts } of files) {
  const before = readFileSync(join(ROOT, path), "utf8");
  const after = Object.entries(texts).reduce(
    (text, [name, made]) => fill(text, { path, name, made, marks }),
    before,
  );
  if (!process.argv.includes("--check")) writeFileSync(join(ROOT, path), after);
  else if (after !== before) isStale(path);
}

const CHART = "deploy/k8s/ams";
const IMAGES = "deploy/images/images.json";
const values = readFileSync(join(ROOT, CHART, "values.yaml"), "utf8");
const readmeHead = readFileSync(join(ROOT, CHART, "README.head.md"), "utf8");

/** Files that are made whole. */
const made = {
  [IMAGES]: imagesJson(),
  [`${CHART}/README.md`]: chartReadme(values, readmeHead),
  [`${CHART}/values.schema.json`]: `${JSON.stringify(chartSchema(values), null, 2)}\n`,
  [`${CHART}/files/routes.json`]: chartRoutes(ROUTES, match),
  [`${CHART}/files/direct.json`]: chartDirectRoutes(ROUTES, match),
};
for (const [path, text] of Object.entries(made)) {
  if (!process.argv.includes("--check")) writeFileSync(join(ROOT, path), text);
  else if (readFileSync(join(ROOT, path), "utf8") !== text) isStale(path);
}

/** Every image that is built; `addedMiBMax`, its bound beyond the base, stays as it is written. */
function imagesJson() {
  const known = JSON.parse(readFileSync(join(ROOT, IMAGES), "utf8"));
  const images = [
    { name: "gateway", kind: "services", processSettings: gateway.GATEWAY_PROCESS_SETTINGS },
    { name: "control", kind: "services", processSettings: control.CONTROL_PROCESS_SETTINGS },
    ...EDGES.map((edge) => ({ ...edge, kind: "edges" })),
  ].map(({ name, kind, processSettings: { PORT, AMS_ADMIN_PORT } }) => ({
    name,
    program: `${kind}/${name}`,
    port: Number(PORT.fallback),
    adminPort: Number(AMS_ADMIN_PORT.fallback),
    addedMiBMax: known.find((image) => image.name === name)?.addedMiBMax ?? ADDED_MIB_MAX,
  }));
  return `${JSON.stringify(images, null, 2)}\n`;
}

function isStale(path) {
  process.stderr.write(`${path} is not what is declared: npm run docs\n`);
  process.exitCode = 1;
}

function markdownEnd(name) {
  return `<!-- end of ${name} -->`;
}

/** Puts what is made between its two marks, each on a line of its own. */
function fill(text, { path, name, made, marks }) {
  const begin = `${marks.begin(name)}\n`;
  const from = text.indexOf(begin);
  const end = text.indexOf(marks.end(name), from);
  if (from < 0 || end < from) throw new Error(`${path} has no lines for ${name}`);
  const indent = text.lastIndexOf("\n", end);
  return text.slice(0, from + begin.length) + made + text.slice(indent);
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
