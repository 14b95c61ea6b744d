// Every regular expression in code that reads outside text takes time linear in that text (§4.4.4):
// a pattern that backtracks over what a stranger wrote holds up everybody else. The proof is of the
// pattern, not of a run.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { analyse } from "scslre";
import { expect, test } from "vitest";
import { repositoryRoot } from "./repository-root.ts";
import { type Node, nodesOf, recordOf } from "./syntax.ts";

const ROOT = repositoryRoot();

/** Packages whose code meets text of others: requests, frames, links, terminals. */
const READS_OUTSIDE_TEXT = ["libs", "services", "edges", "loadtest", "cli", "examples"];

/** Of every language whose text the engine runs, pages' scripts too. */
const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

type Pattern = { readonly source: string; readonly flags: string; readonly line: number };

test("§4.4.4 every regular expression takes time linear in its text", () => {
  const found = sources().flatMap((path) => patternsOf(path, read(path)).map((p) => ({ path, p })));
  expect(found.length, "the search finds the patterns").toBeGreaterThan(40);
  const slow = found.flatMap(({ path, p }) =>
    isLinear(p) ? [] : [`${path}:${p.line} /${p.source}/${p.flags}`],
  );
  expect(slow).toEqual([]);
});

test("§4.4.4 the search reads scripts of pages too", () => {
  const expected = ["edges/workflow/page/run.js", "cli/bin/ams.mjs", "edges/web/src/page/main.tsx"];
  expect(sources()).toEqual(expect.arrayContaining(expected));
});

test("§4.4.4 no regular expression is made while a process runs, so that each can be checked", () => {
  const made = sources().flatMap((path) =>
    nodesOf(path, read(path))
      .filter(isRegExpCall)
      .map(() => path),
  );
  expect(made).toEqual([]);
});

test.each([
  ["a run before the end", "=+$", ""],
  ["a set of signs before the end", String.raw`[\s.,;:!?)\]}>'"*/\\]+$`, ""],
  ["two runs of the same", String.raw`^\s*\s*x`, ""],
  ["a run within a run", "^(?:a+)+b", ""],
])("§4.4.4 the check refuses %s", (_what, source, flags) => {
  expect(isLinear({ source, flags, line: 1 })).toBe(false);
});

test("§4.4.4 the check finds a pattern wherever it is written", () => {
  const code = "const a = 1 / 2;\nconst b: string = 'x'.replace(/=+$/u, '');\nf(/y/);";
  expect(patternsOf("a.ts", code)).toEqual([
    { source: "=+$", flags: "u", line: 2 },
    { source: "y", flags: "", line: 3 },
  ]);
  expect(nodesOf("b.ts", "new RegExp(a); RegExp(b);").filter(isRegExpCall)).toHaveLength(2);
});

/**
 * By static analysis: no input makes the engine try two ways through one stretch, or begin anew at
 * each character of it.
 */
function isLinear({ source, flags }: Pattern): boolean {
  return analyse({ source, flags }).reports.length === 0;
}

function patternsOf(path: string, code: string): Pattern[] {
  return nodesOf(path, code).flatMap((node) => {
    const regex = recordOf(node.regex);
    if (regex === null || typeof node.start !== "number") return [];
    const line = code.slice(0, node.start).split("\n").length;
    return [{ source: String(regex.pattern), flags: String(regex.flags), line }];
  });
}

function isRegExpCall({ type, callee }: Node): boolean {
  const isCall = type === "NewExpression" || type === "CallExpression";
  return isCall && recordOf(callee)?.name === "RegExp";
}

/** Paths of the sources that run outside of tests, relative to the repository. */
function sources(): string[] {
  return READS_OUTSIDE_TEXT.flatMap((root) =>
    readdirSync(join(ROOT, root), { recursive: true, encoding: "utf8" })
      .map((name) => join(root, name))
      .filter((path) => CODE.test(path) && !/\.(?:test|d|contract)\.[cm]?tsx?$/.test(path))
      .filter(
        (path) => !/\/(?:node_modules|dist|testing)\/|\/(?:build|bundle-\w+)\.mjs$/.test(path),
      ),
  );
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
