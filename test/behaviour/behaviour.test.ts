// One behaviour suite, as data, for every SDK: Node's entry, the browser's entry, and Python.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { parse } from "yaml";
import { findPython, makeEnvironment } from "../python/environment.ts";
import { repositoryRoot } from "../repository-root.ts";
import { Adapter } from "./adapter.ts";
import { startBroker } from "./broker.ts";
import { type Case, expand, play } from "./play.ts";

const FOLDER = join(repositoryRoot(), "test", "behaviour");
const PYTHON_SDK = join(repositoryRoot(), "sdk", "python");
const python = findPython();

const cases = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".yaml"))
  .flatMap((name) => parse(readFileSync(join(FOLDER, name), "utf8")) as readonly Case[])
  .flatMap(expand);

const typescript = (entry: string) => () =>
  new Adapter(process.execPath, [join(FOLDER, "adapters", "typescript.mjs"), entry]);

const SDKS = [
  { name: "TypeScript, Node's entry", start: typescript("node.js"), missing: false },
  { name: "TypeScript, the browser's entry", start: typescript("index.js"), missing: false },
  {
    name: "Python (needs Python 3.10 or later)",
    start: () => {
      const env = { ...process.env, PYTHONPATH: join(PYTHON_SDK, "src") };
      const file = join(PYTHON_SDK, "tests", "behaviour_adapter.py");
      return new Adapter(python === null ? "" : makeEnvironment(python), [file], env);
    },
    missing: python === null,
  },
];

describe.each(SDKS)("$name", ({ start, missing }) => {
  let adapter: Adapter;
  beforeAll(() => {
    if (!missing) adapter = start();
  }, 600_000);
  afterAll(() => (missing ? undefined : adapter.stop()));

  describe.skipIf(missing)("behaves:", { concurrent: true }, () => {
    test.each(cases.map((one) => [one.title, one] as const))("%s", async (title, one) => {
      const broker = await startBroker();
      const on = `${title} ${Math.random()}`;
      try {
        await play(one, adapter, broker, on);
      } finally {
        await adapter.call({ op: "forget", on });
        await broker.stop();
      }
    });
  });
});
