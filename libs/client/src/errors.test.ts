import { readFileSync } from "node:fs";
import { CLOSE, PROBLEMS } from "@ams/protocol";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

test("the README says of every code what happened and what to do", () => {
  const [, union = ""] = /export type ClientFault =([\s\S]*?)\n\n/.exec(read("errors.ts")) ?? [];
  const own = [...union.matchAll(/\| "([a-z_]+)"/g)].map(([, code = ""]) => code);
  expect(own).toContain("websocket_blocked");
  const [, table = ""] = /\n## Errors\n([\s\S]*?)\n## /.exec(read("../README.md")) ?? [];
  const cells = [...table.matchAll(/^\| ([^|]*) \|/gm)].map(([, cell = ""]) => cell);
  const documented = new Set(
    cells.flatMap((cell) => [...cell.matchAll(/`([a-z_]+)`/g)].map(([, code = ""]) => code)),
  );
  const codes = [...own, ...Object.keys(CLOSE), ...Object.keys(PROBLEMS)];
  // The row of `invalid_…` is for those that have none of their own.
  expect(codes.filter((code) => !documented.has(code) && !code.startsWith("invalid_"))).toEqual([]);
  const known = new Set(codes);
  expect([...documented].filter((code) => !known.has(code))).toEqual([]);
});
