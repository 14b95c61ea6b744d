// Every example in the SDK's documentation compiles and runs against a real AMS, and prints what it
// says that it prints.
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { type App, CLIENT, installPackage } from "./package.ts";

/** The deployment that examples speak to. */
const EXAMPLE_URL = "http://127.0.0.1:8080";

type Example = { readonly name: string; readonly program: string };

const EXAMPLES: readonly Example[] = [...docstrings(), ...readme()].map(
  ({ name, program }, at) => ({
    name: `${at + 1}, of ${name}`,
    program,
  }),
);

let ams: Standalone;
let app: App;
beforeAll(async () => {
  [ams, app] = await Promise.all([startStandalone(), installPackage()]);
  for (const [at, { program }] of EXAMPLES.entries()) {
    await writeFile(join(app.folder, `example-${at}.ts`), program.replaceAll(EXAMPLE_URL, ams.url));
  }
});
afterAll(async () => {
  await Promise.all([ams.stop(), app.remove()]);
});

test("there are examples, and they compile", async () => {
  expect(EXAMPLES.length).toBeGreaterThan(5);
  await app.compile();
});

test.each(EXAMPLES.map((example, at) => ({ ...example, at })))(
  "example $name prints what its comments say",
  async ({ at, program }) => {
    const said = [...program.matchAll(/(?:^|\s)\/\/ (.*)$/gm)].map((match) => match[1]);
    expect(said.length).toBeGreaterThan(0);
    const output = await app.run(`example-${at}.js`);
    expect(output.trimEnd().split("\n")).toEqual(said);
  },
);

/** The examples of all docstrings in the source. */
function docstrings(): Example[] {
  const sources = readdirSync(join(CLIENT, "src"), { recursive: true, encoding: "utf8" });
  return sources
    .filter((path) => path.endsWith(".ts"))
    .flatMap((name) => {
      const text = readFileSync(join(CLIENT, "src", name), "utf8");
      const examples = [...text.matchAll(/ \* @example\n \* ```ts\n([\s\S]*?) \* ```/g)];
      expect(examples.length).toBe([...text.matchAll(/@example/g)].length);
      return examples.map(([, body = ""]) => ({ name, program: body.replace(/^ \* ?/gm, "") }));
    });
}

function readme(): Example[] {
  const text = readFileSync(join(CLIENT, "README.md"), "utf8");
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, program = ""]) => ({
    name: "README.md",
    program,
  }));
}
