// `npm run docs`: writes docs/CLAUSES.md, which lists for each clause of docs/PROTOCOL.md the test
// files that have it in a title. With `--check` it writes nothing and fails when the file differs.
// Plain JavaScript: it reads sources and needs no build.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ROOT } from "./set-up.mjs";
import { wrapMarkdown } from "./wrap-markdown.mjs";

const FOLDERS = ["libs", "services", "edges", "loadtest", "cli", "examples", "bench", "test"];
const TEST_FILE = /\.(test|contract)\.tsx?$/;
const COMMENT_LINE = /^ *(\/\/|\/?\*).*$/gm;
/** A string that cites a clause. */
const TITLE = /(["'`])((?:(?!\1).)*§(?:(?!\1).)*)\1/g;
const CLAUSE = /§(\d+(?:\.\d+)*)/g;

const protocol = readFileSync(join(ROOT, "docs/PROTOCOL.md"), "utf8");
const clauses = [
  ...new Set(
    [...protocol.matchAll(/^(?:#+ |\*\*|\| )§(\d+(?:\.\d+)*)/gm)].map(([, clause]) => clause),
  ),
];
const tests = citations();
const path = join(ROOT, "docs/CLAUSES.md");
const after = page();
if (process.argv.includes("--check")) {
  if (readFileSync(path, "utf8") !== after) {
    process.stderr.write("docs/CLAUSES.md is not what the tests cite: npm run docs\n");
    process.exitCode = 1;
  }
} else writeFileSync(path, after);

/** The names of the test files that cite a clause, by clause. */
function citations() {
  const found = new Map();
  for (const file of testFiles()) {
    const text = readFileSync(join(ROOT, file), "utf8").replace(COMMENT_LINE, "");
    for (const [, , title] of text.matchAll(TITLE)) {
      for (const [, clause] of title.matchAll(CLAUSE)) {
        found.set(clause, (found.get(clause) ?? new Set()).add(basename(file)));
      }
    }
  }
  return found;
}

function testFiles() {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .map((name) => join(folder, name))
      .filter((name) => TEST_FILE.test(name) && !/(^|\/)(node_modules|dist)\//.test(name)),
  );
}

function page() {
  const rows = clauses
    .filter((clause) => tests.has(clause))
    .map((clause) => `| §${clause} | ${[...tests.get(clause)].sort().join(", ")} |`);
  const none = clauses.filter((clause) => !tests.has(clause)).map((clause) => `§${clause}`);
  const lines = [
    "# Clauses and their tests",
    "",
    "Made by `npm run docs` from the titles of the tests: for each clause of",
    "[PROTOCOL.md](PROTOCOL.md), the test files with a title that cites it. To run one file:",
    "`npm test -- <name>`.",
    "",
    "| clause | test files |",
    "|---|---|",
    ...rows,
    "",
    "## Clauses that no title cites",
    "",
    "Sections, definitions, and clauses that tests of another clause cover.",
    "",
    `${none.join(", ")}.`,
    "",
  ];
  return wrapMarkdown(lines.join("\n"));
}
