/** docs/GUARANTEES.md names checks that exist. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "./repository-root.ts";

const PAGE = readFileSync(join(repositoryRoot(), "docs", "GUARANTEES.md"), "utf8");

test("each sentence of what is promised names a check, and every check is a file", () => {
  const promised = PAGE.slice(PAGE.indexOf("## What is promised"), PAGE.indexOf("## What is not"));
  const sentences = promised.split(/^\d+\. /m).slice(1);
  expect(sentences.length).toBeGreaterThanOrEqual(10);
  expect(sentences.filter((sentence) => !/Checks?:/.test(sentence))).toEqual([]);
  const named = [...PAGE.matchAll(/`((?:test|services)\/[\w./-]+)`/g)].map(
    ([, path]) => path ?? "",
  );
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((path) => !existsSync(join(repositoryRoot(), path)))).toEqual([]);
});
