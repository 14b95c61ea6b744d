// `npm run docs`: writes docs/SDK.md, the reference of the TypeScript SDK, from the declarations
// that its build writes: every export of `@ams/client` and of `@ams/client/answers` with its
// docstring and its signature. With `--check` it writes nothing and fails when the file differs.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseAst } from "vitest/node";
import { ROOT, setUpOrExit } from "./set-up.mjs";
import { wrapMarkdown } from "./wrap-markdown.mjs";

const ENTRY = join(ROOT, "libs/client/dist/index.d.ts");
const ANSWERS = join(ROOT, "libs/client/dist/answers/index.d.ts");
const PAGE = join(ROOT, "docs/SDK.md");
/** Files that a name may be handed on through. */
const FILES_MAX = 5;
const DOCSTRING = /\/\*\*((?:[^*]|\*(?!\/))*)\*\/\s*$/;

await setUpOrExit({ projects: ["libs/client"] });
const made = page();
if (!process.argv.includes("--check")) writeFileSync(PAGE, made);
else if (readFileSync(PAGE, "utf8") !== made) {
  process.stderr.write("docs/SDK.md is not what the SDK declares: npm run docs\n");
  process.exitCode = 1;
}

function page() {
  const [all, answers] = [ENTRY, ANSWERS].map((entry) =>
    exportsOf(entry, FILES_MAX).sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  const head = readFileSync(ANSWERS, "utf8");
  const isType = ({ code }) => /^(?:type|interface) /.test(code);
  return wrapMarkdown(
    [
      "# The TypeScript SDK",
      "Made by `npm run docs` from the declarations of `libs/client`. How to begin is in [its README](../libs/client/README.md); the clauses (§) are those of [PROTOCOL.md](PROTOCOL.md).",
      "## Functions, classes and values",
      ...all.filter((one) => !isType(one)).map(section),
      "## Types",
      ...all.filter(isType).map(section),
      "## `ams-client/answers`",
      docstringBefore(head, head.indexOf("*/") + 2),
      ...answers.map(section),
    ].join("\n\n"),
  ).concat("\n");
}

function section({ name, about, code }) {
  const parts = [`### ${name}`, about, `\`\`\`ts\n${code}\n\`\`\``];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** The exports of a declaration file, also those that it hands on. */
function exportsOf(path, filesLeft) {
  if (filesLeft === 0) throw new Error(`${path} is handed on through too many files`);
  const text = readFileSync(path, "utf8");
  return parseAst(text, { lang: "dts" }).body.flatMap((node) => {
    if (node.type !== "ExportNamedDeclaration") return [];
    if (node.source !== null) {
      const from = join(dirname(path), node.source.value.replace(/\.ts$/, ".d.ts"));
      const names = node.specifiers.map(({ exported }) => exported.name);
      return exportsOf(from, filesLeft - 1).filter(({ name }) => names.includes(name));
    }
    const declared = node.declaration?.declarations ?? [node.declaration];
    return declared.filter(Boolean).map(({ id }) => ({
      name: id.name,
      about: docstringBefore(text, node.start),
      code: text.slice(node.start, node.end).replace(/^export (?:declare )?/, ""),
    }));
  });
}

/** The docstring that ends where a declaration begins, as Markdown. */
function docstringBefore(text, at) {
  const [, inner = ""] = DOCSTRING.exec(text.slice(text.lastIndexOf("/**", at), at)) ?? [];
  const lines = inner.split("\n").map((line) => line.replace(/^\s*\* ?/, ""));
  return lines.join("\n").replaceAll("@example\n", "").trim();
}
