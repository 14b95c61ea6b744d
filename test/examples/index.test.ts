// The index of examples, and the page of each: nothing is missing, and what they name exists.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../repository-root.ts";

/** Lines of an adapter: it is read and copied. */
const ADAPTER_LINES_MAX = 60;
const ROOT = repositoryRoot();
const EXAMPLES = join(ROOT, "examples");
const NAMES = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !/^(?:dist|node_modules|\..*)$/.test(entry.name))
  .map((entry) => entry.name);
const index = readFileSync(join(EXAMPLES, "README.md"), "utf8");

test("the index lists every example once, and no other", () => {
  const listed = [...index.matchAll(/^\| \[([\w-]+)\]\(\1\/README\.md\) \|/gm)].map(
    ([, name]) => name,
  );
  expect(listed).toHaveLength(NAMES.length);
  expect(new Set(listed)).toEqual(new Set(NAMES));
});

test.each(NAMES.filter((name) => name !== "adapters"))("%s is one program and its page", (name) => {
  const files = readdirSync(join(EXAMPLES, name));
  expect(files).toHaveLength(2);
  const [program] = files.filter((file) => file !== "README.md");
  const page = readFileSync(join(EXAMPLES, name, "README.md"), "utf8");
  expect(page).toContain(`examples/${name}/${program}`);
  const named = [...page.matchAll(/examples\/[\w-]+\/[\w.-]+/g)].map(([path]) => path);
  const linked = [...page.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = ""]) =>
    join("examples", name, path),
  );
  expect([...named, ...linked].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(page).not.toMatch(/\?t=[\w-]{43}/); // A link that admits belongs to whom it was given.
});

test("the page of the adapters links every adapter, and what it links is there", () => {
  const folder = join(EXAMPLES, "adapters");
  const page = readFileSync(join(folder, "README.md"), "utf8");
  const linked = [...page.matchAll(/\]\(((?:python|typescript)\/[^)]+)\)/g)].map(
    ([, path]) => path,
  );
  const there = ["python", "typescript"].flatMap((language) =>
    readdirSync(join(folder, language))
      .filter((file) => !file.startsWith("example") && /\.(?:py|ts)$/.test(file))
      .map((file) => `${language}/${file}`),
  );
  expect(new Set(linked)).toEqual(new Set(there));
  const lines = (path: string) => readFileSync(join(folder, path), "utf8").trimEnd().split("\n");
  expect(there.filter((path) => lines(path).length > ADAPTER_LINES_MAX)).toEqual([]);
});
