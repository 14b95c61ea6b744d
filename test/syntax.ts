/** Syntax trees of source files, for tests of what the code says. */
import { parseSync } from "vite";

export type Node = Readonly<Record<string, unknown>>;

/** Every node of a file's syntax tree. Throws when the file has an error of syntax. */
export function nodesOf(path: string, code: string): Node[] {
  const { program, errors } = parseSync(path, code);
  if (errors.length > 0) throw new Error(`${path} does not parse`);
  return nodesWithin(program);
}

/** A node and all that it contains, in the order of the text. */
export function nodesWithin(root: unknown): Node[] {
  const nodes: Node[] = [];
  const left: unknown[] = [root];
  while (left.length > 0) {
    const next = left.pop();
    if (!isObject(next)) continue;
    if (!Array.isArray(next)) nodes.push(next);
    left.push(...Object.values(next).toReversed());
  }
  return nodes;
}

export function recordOf(value: unknown): Node | null {
  return isObject(value) ? value : null;
}

function isObject(value: unknown): value is Node {
  return typeof value === "object" && value !== null;
}
