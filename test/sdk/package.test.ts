// The package as its users get it: no larger than noticed, of nothing but itself, and alive in an
// empty folder.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { type App, buildScript, installPackage, pageBytes } from "./package.ts";

let ams: Standalone;
let app: App;
beforeAll(async () => {
  [ams, app] = await Promise.all([startStandalone(), installPackage()]);
});
afterAll(async () => {
  await Promise.all([ams.stop(), app.remove()]);
});

const installed = (name: string) => join(app.folder, "node_modules/ams-client", name);

const { BROWSER_GZIP_BYTES_MAX, BROWSER_ALL_GZIP_BYTES_MAX } = await buildScript();

test(`what a browser loads to join, send and receive does not grow past ${BROWSER_GZIP_BYTES_MAX} bytes of gzip`, () => {
  expect(app.built.browser[0].gzipBytes).toBeLessThanOrEqual(BROWSER_GZIP_BYTES_MAX);
});

test(`all of a browser's files together do not grow past ${BROWSER_ALL_GZIP_BYTES_MAX}`, () => {
  const all = app.built.browser.reduce((sum, { gzipBytes }) => sum + gzipBytes, 0);
  expect(all).toBeLessThanOrEqual(BROWSER_ALL_GZIP_BYTES_MAX);
});

test("a bundler leaves out of a page what the page doesn't use", async () => {
  expect(await pageBytes(installed(""), ["createAccount", "openAccount"])).toBeLessThan(1_100);
  expect(await pageBytes(installed(""), ["parseLink", "AmsError"])).toBeLessThan(1_000);
});

test("from the browser's files nothing of Node is reachable, nor any other package", async () => {
  for (const { name, inputs } of app.built.browser) {
    const strange = inputs.filter((path) => !/libs\/(client|protocol)\/src\//.test(path));
    expect(strange).toEqual([]);
    const text = await readFile(installed(name), "utf8");
    expect(text).not.toMatch(/\b(?:process|Buffer|require|setImmediate|__dirname)\b|node:/);
  }
});

test("the browser's first file loads nothing by itself, and the late ones nothing but the first", () => {
  const [first, ...late] = app.built.browser;
  expect(first.imports.map(({ path, kind }) => [path, kind]).sort()).toEqual(
    late.map(({ name }) => [`./${name}`, "dynamic-import"]).sort(),
  );
  for (const { imports } of late) {
    expect(imports).toEqual([{ path: "./browser.js", kind: "import-statement", external: true }]);
  }
});

test("from Node's file nothing but Node is reachable", () => {
  const { outputs } = app.built.node.metafile;
  const imports = Object.values(outputs).flatMap((output) => output.imports);
  expect(imports.map(({ path }) => path).filter((path) => !isBuiltin(path))).toEqual([]);
});

test("the answers import the SDK's file beside them and nothing else", () => {
  const imports = app.built.answers.map(({ outputs }) =>
    Object.values(outputs).flatMap((output) => output.imports.map(({ path }) => path)),
  );
  expect(imports.map((paths) => [...new Set(paths)])).toEqual([["./browser.js"], ["./node.js"]]);
});

test("it brings its licences and a README along, declares no dependency, and its types need no other package", async () => {
  expect(await readdir(installed(""))).toEqual(
    expect.arrayContaining(["LICENSE", "LICENSE-ws", "README.md", "types"]),
  );
  const manifest = JSON.parse(await readFile(installed("package.json"), "utf8"));
  expect(manifest).not.toHaveProperty("private");
  expect(manifest.dependencies).toBeUndefined();
  const types = await readdir(installed("types"), { recursive: true });
  for (const name of types.filter((path) => path.endsWith(".d.ts"))) {
    const text = await readFile(installed(join("types", name)), "utf8");
    const bare = [...text.matchAll(/^(?:import|export) .* from "([^."][^"]*)"/gm)];
    expect(bare.map((match) => match[1])).toEqual([]);
  }
});

const PROGRAM = `import { createAccount, join, type TokenEvent } from "ams-client";
const account = await createAccount("URL", { namespace: "NAMESPACE" });
const { magicLink } = await account.mint({ metadata: { purpose: "demo" } });
const [reader, writer] = [await join(magicLink, { guest: true }), await join(magicLink, { guest: true })];
await writer.send("hello");
for await (const token of reader.tokens()) {
  const { data }: TokenEvent = token;
  console.log(data);
  break;
}
await Promise.all([reader.close(), writer.close()]);
`;

test("in an empty folder it type-checks, joins by Node's file, and by the browser's over a WebSocket of the platform", async () => {
  for (const name of ["node", "browser"]) {
    const program = PROGRAM.replace("URL", ams.url).replace("NAMESPACE", `packed-${name}`);
    await writeFile(join(app.folder, `${name}.ts`), program);
  }
  await app.compile();
  expect(await app.run("node.js")).toBe("hello\n");
  expect(await app.run("browser.js", "--conditions=browser", "--experimental-websocket")).toBe(
    "hello\n",
  );
});

test("what doesn't fit the types doesn't compile", async () => {
  const path = join(app.folder, "wrong.ts");
  await writeFile(path, 'import { join } from "ams-client";\nawait join("link", { guest: 1 });\n');
  await expect(app.compile()).rejects.toThrow("wrong.ts");
  await writeFile(path, "");
});
