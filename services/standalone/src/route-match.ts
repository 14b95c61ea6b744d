/** How a route's conditions are read, here and by whatever is generated from them. */
import { RESERVED_NAMESPACES, SLUG } from "@ams/protocol";
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

export type Matcher = (request: Request, path: string) => boolean;

export function matcherOf({ paths, notPaths = [], methods, headers = [] }: Route): Matcher {
  const wanted = new RegExp(pathExpression(paths));
  const unwanted = [
    ...(notPaths.length > 0 ? [new RegExp(pathExpression(notPaths))] : []),
    ...(beginsWithNamespace(paths) ? [new RegExp(RESERVED_EXPRESSION)] : []),
  ];
  return (request, path) =>
    (methods === undefined || methods.includes(request.method)) &&
    wanted.test(path) &&
    !unwanted.some((expression) => expression.test(path)) &&
    headers.every((condition) => isMet(condition, request.headers));
}

function isMet({ name, holds = "", not }: HeaderCondition, headers: Headers): boolean {
  return (headers.get(name)?.includes(holds) ?? false) !== (not ?? false);
}
