// What is generated from the route table (services/standalone/src/routes.ts): the routes of the
// Caddyfile, and a table to read.

/** Snippets that reach each edge at its own port. */
export function caddyEdges(edges) {
  const snippets = edges.map(({ name, processSettings }) => [
    `(${name}) {`,
    `\treverse_proxy ${name}:${processSettings.PORT.fallback} {`,
    "\t\tlb_try_duration 5s",
    "\t}",
    "}",
  ]);
  return snippets.map((lines) => lines.join("\n")).join("\n\n");
}

/** One `handle` a route, in the table's order; the first that matches has the request. */
export function caddyRoutes(routes, match) {
  return routes.map((route, index) => caddyRoute(route, `@route-${index + 1}`, match)).join("\n\n");
}

/** The same for the chart, whose template leaves out what a release hasn't: files/routes.json. */
export function chartRoutes(routes, match) {
  return json(
    routes.map((route) => ({
      service: route.service,
      conditions: caddyConditions(route, match),
    })),
  );
}

/**
 * Those at the head of the table that need no more than the path, as an HTTPRoute's matches:
 * files/direct.json. Their order says nothing there, so that later ones can't be taken.
 */
export function chartDirectRoutes(routes, match) {
  const first = routes.findIndex((route) => !isPathOnly(route));
  const direct = routes.slice(0, first).map(({ service, paths }) => ({
    service,
    matches: paths.map((path) =>
      path.includes("*")
        ? { type: "RegularExpression", value: match.pathExpression([path]) }
        : { type: "Exact", value: path },
    ),
  }));
  return json(direct);
}

function isPathOnly({ paths, notPaths, methods, headers }) {
  const isFree = notPaths === undefined && methods === undefined && headers === undefined;
  return isFree && !paths.some((path) => path.includes("{"));
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function caddyRoute(route, name, match) {
  const conditions = caddyConditions(route, match);
  const handle = (matcher) => [`handle ${matcher}{`, `\timport ${route.service}`, "}"];
  const lines =
    conditions.length === 0
      ? handle("")
      : [`${name} {`, ...conditions.map((one) => `\t${one}`), "}", ...handle(`${name} `)];
  return lines.map((line) => `\t${line}`).join("\n");
}

function caddyConditions({ paths, notPaths = [], methods = [], headers = [] }, match) {
  const isAny = paths.includes("/**");
  return [
    ...(methods.length > 0 ? [`method ${methods.join(" ")}`] : []),
    ...(isAny ? [] : [`path_regexp ${match.pathExpression(paths)}`]),
    ...(notPaths.length > 0 ? [`not path_regexp ${match.pathExpression(notPaths)}`] : []),
    ...(match.beginsWithNamespace(paths) ? [`not path_regexp ${match.RESERVED_EXPRESSION}`] : []),
    ...headers.map(({ name, holds, not }) => {
      const value = holds === undefined ? "*" : `*${holds}*`;
      return `${not ? "not " : ""}header ${name} ${value}`;
    }),
  ];
}

/** The same as a table of docs/OPERATIONS.md. */
export function routesTable(routes) {
  const code = (texts) => texts.map((text) => `\`${text}\``).join(", ");
  const rows = routes.map(({ service, paths, notPaths = [], methods = [], headers = [] }) => {
    const path = notPaths.length > 0 ? `${code(paths)} but ${code(notPaths)}` : code(paths);
    const header = headers.map(({ name, holds, not }) => {
      const value = holds === undefined ? "" : ` with \`${holds}\``;
      return `${not ? "no " : ""}\`${name}\`${value}`;
    });
    const method = methods.length > 0 ? code(methods) : "any";
    return `| ${method} | ${path} | ${header.join(", ")} | ${service} |`;
  });
  return ["| method | path | headers | goes to |", "|---|---|---|---|", ...rows].join("\n");
}
