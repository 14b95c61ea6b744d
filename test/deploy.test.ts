// What is deployed agrees with the code: docker-compose.yml with the settings, the images with the
// services, and the entry port with the table by which a standalone routes. The entry's file is
// always read; Caddy itself runs where it is installed.
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edgeNames } from "./cluster.ts";
import { findCaddy, type RunningCaddy, startCaddy } from "./deploy/caddy.ts";
import { readCaddyfile } from "./deploy/caddyfile.ts";
import { type Deployed, readCompose, settingNames } from "./deploy/compose-file.ts";
import { byFront, line, nameOf, REQUESTS } from "./deploy/requests.ts";
import { programFolder, repositoryRoot } from "./repository-root.ts";

type Environment = Readonly<Record<string, string>>;
type Read = { readonly ok: boolean; readonly faults?: readonly string[] };
type Config = Readonly<Record<string, Readonly<Record<string, unknown>>>> &
  Readonly<Record<string, (environment: Environment) => Read>>;

const ROOT = repositoryRoot();
const compose = file("docker-compose.yml");
const services = readCompose(compose);
const ours = services.filter(({ image }) => image.startsWith("ams-"));
const caddyfile = file("deploy/entry/Caddyfile");
const entry = readCaddyfile(caddyfile);

/** Where each service declares its settings, and what reads them; an edge's are in `edge.ts`. */
const CONFIGS = {
  "ams-gateway": ["gateway", "GATEWAY_PROCESS_SETTINGS", "readGatewayProcess"],
  "ams-control": ["control", "CONTROL_PROCESS_SETTINGS+CONTROL_SETTINGS", "readControlProcess"],
} as const;

describe("docker-compose.yml", () => {
  test("is read to its last setting", () => {
    const read = new Set(services.flatMap(({ environment }) => Object.keys(environment)));
    expect([...settingNames(compose)].filter((name) => !read.has(name))).toEqual([]);
    const names = ["control", "gateway-1", "gateway-2", ...edgeNames()];
    expect(ours.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
  });

  test.each(ours)("gives $name only settings that it knows, and all that it needs", async (own) => {
    const { settings, check } = await configOf(own);
    expect(Object.keys(own.environment).filter((name) => !settings.has(name))).toEqual([]);
    expect(check(own.environment)).toMatchObject({ ok: true });
  });

  test("gives the page and MCP no secret and no way to the store", () => {
    const outsiders = ours.filter(({ name }) => name === "web" || name === "mcp");
    expect(outsiders).toHaveLength(2);
    for (const { environment, networks } of outsiders) {
      expect(Object.keys(environment).filter((name) => /PEPPER|REDIS/.test(name))).toEqual([]);
      expect(networks).toEqual(["front"]);
    }
    expect(services.find(({ name }) => name === "redis")?.networks).toEqual(["store"]);
  });

  test("builds every image from a Dockerfile that runs its service on its port", () => {
    for (const { image, environment } of ours) {
      const folder = programFolder(image.replace("ams-", ""));
      const builder = services.find((one) => one.image === image && one.dockerfile !== null);
      expect(builder?.args.program).toBe(relative(ROOT, folder));
      expect(existsSync(join(folder, "src/main.ts"))).toBe(true);
      expect(builder?.args.port).toBe(environment.PORT);
      const dockerfile = file(builder?.dockerfile ?? "");
      expect(dockerfile).toContain('WORKDIR /ams/$program\nCMD ["node", "dist/main.js"]\n');
      expect(dockerfile).toContain("EXPOSE $port $admin_port\n");
    }
  });
});

describe("deploy/entry/Caddyfile", () => {
  test("names every service by the port that docker-compose.yml gives it", () => {
    const named = entry.directives.flatMap((words) =>
      words[0] === "reverse_proxy" ? words.slice(1) : [],
    );
    const given = ours.map(({ name, environment }) => `${name}:${environment.PORT}`);
    expect([...named].sort()).toEqual([...given].sort());
    expect(entry.directives).toContainEqual(["health_port", ours[0]?.environment.AMS_ADMIN_PORT]);
  });

  test("as it reads, leaves to control what control answers, to browsers too", async () => {
    const { ROUTES }: { ROUTES: readonly { method: string; path: string }[] } = await import(
      join(ROOT, "services/control/src/http/app.ts")
    );
    expect(ROUTES.length).toBeGreaterThan(10);
    for (const { method, path } of ROUTES) {
      const asked = { method, path: path.replace(/:\w+/g, "x"), headers: { accept: "text/html" } };
      expect(nameOf(entry.upstreamsOf(asked)[0] ?? ""), line(asked)).toBe("control");
    }
  });

  test("as it reads, sends every request where the front of a standalone does", async () => {
    const sent = REQUESTS.map((asked) => {
      const [first = ""] = entry.upstreamsOf(asked);
      return `${line(asked)} -> ${nameOf(first)}`;
    });
    expect(sent).toEqual(await byFront());
  });

  test("has the routes of the route table, as npm run docs writes them", async () => {
    const { ROUTES } = await import(join(ROOT, "services/standalone/src/routes.ts"));
    const match = await import(join(ROOT, "services/standalone/src/route-match.ts"));
    const { caddyRoutes, routesTable } = await import(join(ROOT, "scripts/routes.mjs"));
    expect(caddyfile).toContain(`\n${caddyRoutes(ROUTES, match)}\n`);
    expect(file("docs/OPERATIONS.md")).toContain(`\n${routesTable(ROUTES)}\n`);
  });

  test("keeps no listener open that has left, and names no request in its log", () => {
    const words = entry.directives.map(([first]) => first);
    expect(words).not.toContain("flush_interval");
    expect(entry.directives).toContainEqual(["request", "delete"]);
  });
});

const caddyPath = findCaddy();
if (caddyPath !== null) {
  describe("Caddy with deploy/entry/Caddyfile", () => {
    let caddy: RunningCaddy;
    let listening: Promise<unknown> = Promise.resolve();
    beforeAll(async () => {
      caddy = await startCaddy(caddyPath, caddyfile, (name, request, response) => {
        const isStream = request.headers["x-stream"] !== undefined;
        response.writeHead(200, {
          "x-answered-by": name,
          ...(isStream ? { "content-type": "text/event-stream" } : {}),
        });
        if (isStream) {
          listening = once(response, "close");
          response.write("data: first\n\n");
        } else response.end();
      });
    });
    afterAll(() => caddy?.stop());

    test("sends every request where the front of a standalone does", async () => {
      const sent: string[] = [];
      for (const asked of REQUESTS) {
        const { method, path, headers } = asked;
        const answer = await fetch(`${caddy.url}${path}?t=x`, { method, headers });
        await answer.arrayBuffer();
        sent.push(`${line(asked)} -> ${nameOf(answer.headers.get("x-answered-by") ?? "nobody")}`);
      }
      expect(sent).toEqual(await byFront());
    });

    test("passes an event stream on as it comes, and notifies mcp when its listener leaves", async () => {
      const leaving = new AbortController();
      const headers = { accept: "text/event-stream", "x-stream": "1" };
      const stream = await fetch(`${caddy.url}/mcp`, { headers, signal: leaving.signal });
      expect(stream.headers.get("x-answered-by")).toBe("mcp");
      const first = await stream.body?.getReader().read();
      expect(new TextDecoder().decode(first?.value)).toBe("data: first\n\n");
      leaving.abort();
      await listening;
    });
  });
}

async function configOf({ image }: Deployed) {
  const known = Object.entries(CONFIGS).find(([name]) => name === image);
  if (known === undefined) return edgeConfigOf(image.replace("ams-", ""));
  const [, [service, declared, reader]] = known;
  const config: Config = await import(join(programFolder(service), "src/config.ts"));
  const settings = declared.split("+").flatMap((name) => Object.keys(config[name] ?? {}));
  return {
    settings: new Set(settings),
    check: (environment: Environment) => config[reader]?.(environment),
  };
}

async function edgeConfigOf(name: string) {
  const { edge } = await import(join(programFolder(name), "src/edge.ts"));
  const { readEdgeProcess } = await import(join(ROOT, "libs/edge/src/process/edge-config.ts"));
  return {
    settings: new Set(Object.keys({ ...edge.settings, ...edge.processSettings })),
    check: (environment: Environment): Read => readEdgeProcess(edge, environment),
  };
}

function file(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
