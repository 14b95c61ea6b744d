/**
 * A throw-away edge: the files of `edges/hello`, and what is added by hand to the lists that every
 * new edge is added to (CONTRIBUTING, "An edge").
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../repository-root.ts";

/** Of every package here: a release changes them together. */
const VERSION: string = JSON.parse(
  readFileSync(join(repositoryRoot(), "package.json"), "utf8"),
).version;

/** Its own files, by their path. Its paths begin as those of a third party's edge (§1.2). */
export const FILES: Readonly<Record<string, string>> = {
  "edges/hello/package.json": json({
    name: "@ams/hello",
    version: VERSION,
    private: true,
    description: "Greets whoever asks.",
    license: "Apache-2.0",
    type: "module",
    exports: {
      ".": {
        "ams-source": "./src/index.ts",
        types: "./dist/index.d.ts",
        default: "./dist/index.js",
      },
    },
    dependencies: { "@ams/edge": VERSION, "@ams/process": VERSION },
  }),
  "edges/hello/tsconfig.json": `{
  "extends": "../../tsconfig.base.json",
  "compilerOptions": { "rootDir": "src", "outDir": "dist" },
  "include": ["src"],
  "references": [{ "path": "../../libs/edge" }, { "path": "../../libs/process" }]
}
`,
  "edges/hello/turbo.json":
    '{ "$schema": "https://turborepo.com/schema.json", "extends": ["//"], "tags": ["edge"] }\n',
  "edges/hello/src/edge.ts": `/** The greeting, as a process or a standalone runs it. */
import { defineEdge } from "@ams/edge";
import { readSettings, text } from "@ams/process";

const SETTINGS = { AMS_HELLO_GREETING: text("Hello", "What comes before the name.") };

export const edge = defineEdge({
  name: "hello",
  settings: SETTINGS,
  ports: { http: 8100, admin: 9110 },
  read: (environment) => readSettings(SETTINGS, environment),
  open: ({ AMS_HELLO_GREETING: greeting }) => ({
    fetch: async (request) => {
      const name = new URL(request.url).pathname.split("/").at(-1);
      return new Response(\`\${greeting}, \${name}!\\n\`);
    },
  }),
});
`,
  "edges/hello/src/index.ts": `/** Greets whoever asks. */
export { edge as hello } from "./edge.ts";
`,
  "edges/hello/src/main.ts": `/** The greeting as a process of its own. */
import { runEdge } from "@ams/edge";
import { edge } from "./edge.ts";

await runEdge(edge);
`,
};

/** A text that is put before (or behind) another one in a file that exists. */
export type Addition = {
  readonly path: string;
  readonly text: string;
  readonly before?: string;
  readonly behind?: string;
};

export const ADDITIONS: readonly Addition[] = [
  {
    path: "services/standalone/src/edges.ts",
    text: 'import { hello } from "@ams/hello";\n',
    before: 'import { hooks } from "@ams/hooks";\n',
  },
  {
    path: "services/standalone/src/edges.ts",
    text: "hello, ",
    behind: "export const EDGES: readonly Edge[] = [",
  },
  {
    path: "services/standalone/package.json",
    text: `    "@ams/hello": "${VERSION}",\n`,
    before: `    "@ams/hooks": "${VERSION}",\n`,
  },
  {
    path: "services/standalone/tsconfig.json",
    text: '    { "path": "../../edges/hello" },\n',
    before: '    { "path": "../../edges/mcp" },\n',
  },
  {
    path: "services/standalone/src/routes.ts",
    text: '  { service: "hello", paths: ["/_hello/**"] },\n',
    before: '  { service: "mcp", paths: ["/mcp"] },\n',
  },
  {
    path: "docker-compose.yml",
    text: `  hello:
    <<: *ams
    build:
      context: .
      dockerfile: deploy/images/Dockerfile
      network: \${AMS_BUILD_NETWORK:-default}
      args: { program: edges/hello, port: "8100" }
    image: ams-hello
    networks: [front]
    environment: { <<: [*process, *reached, *outsider], AMS_INSTANCE: hello, PORT: "8100" }

`,
    before: "  entry:\n",
  },
  { path: "docker-compose.yml", text: ", hello", behind: "depends_on: [control, gateway-1" },
  {
    path: "deploy/k8s/ams/values.yaml",
    text: `  hello:
    # Whether whoever asks is greeted.
    enabled: false
    # Number of processes.
    replicas: 1
    image: { repository: ams-hello, tag: "" }
    port: 8100
    adminPort: 9110
    # Settings (AMS_HELLO_…).
    settings: {}
    resources:
      requests: { cpu: 50m, memory: 96Mi }
      limits: { cpu: 500m, memory: 256Mi }
`,
    before: "\nentry:\n",
  },
];

/** What `npm run docs` makes from these lists. */
export const MADE: readonly string[] = [
  "deploy/entry/Caddyfile",
  "deploy/images/images.json",
  "deploy/k8s/ams/README.md",
  "deploy/k8s/ams/files/routes.json",
  "docs/OPERATIONS.md",
];

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
