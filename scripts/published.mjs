// What the packages that are published have in common: the fields of their manifest, and a README
// without links to files that the package doesn't have.
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A link or picture of Markdown whose target is a file: `[text](path)`. */
const FILE_LINK = /!?\[([^\][]*)\]\((?!https?:|#|mailto:)[^()\s]*\)/g;

/**
 * The fields that the published package `name` has from the workspace in `folder`. The repository
 * is named where the root's package.json names it.
 * @param {string} folder
 * @param {string} name
 */
export function publishedFields(folder, name) {
  const { version, description, keywords, license, engines } = manifestOf(folder);
  const { repository } = manifestOf(ROOT);
  const url = typeof repository === "string" ? repository : repository?.url;
  return {
    name,
    version,
    description,
    keywords,
    license,
    ...(url === undefined
      ? {}
      : { repository: { type: "git", url, directory: relative(ROOT, folder) } }),
    engines,
  };
}

/**
 * The README of the workspace in `folder`, where a link to another file of the repository is its
 * text alone: the package doesn't have that file.
 * @param {string} folder
 */
export function readmeOf(folder) {
  return readFileSync(join(folder, "README.md"), "utf8").replace(FILE_LINK, "$1");
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
