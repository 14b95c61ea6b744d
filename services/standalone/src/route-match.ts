/** How a route's conditions are read, here and by whatever is generated from them. */
import { isAlias, isNamespace, RESERVED_NAMESPACES, SLUG } from "@ams/protocol";
import type { HeaderCondition, Route } from "./routes.ts";

/** Paths whose first segment is a reserved word (§1.2), for expressions that can't look ahead. */
export const RESERVED_EXPRESSION = `^/(?:${RESERVED_NAMESPACES.join("|")})/`;

const NAME = SLUG.source.replace(/^\^|\$$/g, "");

/** `**` is the rest of a path, `*` a segment; `{namespace}` and `{alias}` are names of §1.1. */
const PARTS: Readonly<Record<string, string>> = {
  "**": ".*",
  "*": "[^/]+",
  "{namespace}": NAME,
  "{alias}": NAME,
};

/** One expression for all of these paths, as JavaScript and RE2 both read it. */
export function pathExpression(paths: readonly string[]): string {
  const each = paths.map((path) =>
    path.replace(/\*\*|\*|\{\w+\}|\./g, (part) => PARTS[part] ?? `\\${part}`),
  );
  return `^(?:${each.join("|")})$`;
}

/** Whether one of the paths begins with a namespace, which no reserved word is. */
export function beginsWithNamespace(paths: readonly string[]): boolean {
  return paths.some((path) => path.startsWith("/{namespace}/"));
}

export function isMatch(route: Route, request: Request, path: string): boolean {
  const { paths, notPaths = [], methods, headers = [] } = route;
  return (
    (methods === undefined || methods.includes(request.method)) &&
    paths.some((pattern) => isPathMatch(pattern, path)) &&
    !notPaths.some((pattern) => isPathMatch(pattern, path)) &&
    headers.every((condition) => isMet(condition, request.headers))
  );
}

/** By segments: no expression is made while a process runs (§4.4.4). */
function isPathMatch(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split("/"), path.split("/")];
  const isOpen = wanted.at(-1) === "**";
  const fixed = isOpen ? wanted.slice(0, -1) : wanted;
  const isLength = isOpen ? given.length > fixed.length : given.length === fixed.length;
  return isLength && fixed.every((part, index) => isPartMatch(part, given[index] ?? ""));
}

function isPartMatch(part: string, text: string): boolean {
  switch (part) {
    case "*":
      return text !== "";
    case "{namespace}":
      return isNamespace(text);
    case "{alias}":
      return isAlias(text);
    default:
      return part === text;
  }
}

function isMet({ name, holds = "", not }: HeaderCondition, headers: Headers): boolean {
  return (headers.get(name)?.includes(holds) ?? false) !== (not ?? false);
}
