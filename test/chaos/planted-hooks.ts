/** Hooks of Node's module loader that make the edits of a planted fault. */
import type { LoadHook } from "node:module";
import type { Edit } from "./planted.ts";

let edits: readonly Edit[] = [];

export function initialize(data: readonly Edit[]): void {
  edits = data;
}

export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  const own = edits.filter(({ file }) => url.endsWith(`/${file}`));
  if (own.length === 0) return loaded;
  const given = loaded.source ?? "";
  let source = typeof given === "string" ? given : new TextDecoder().decode(given);
  for (const { from, to } of own) {
    if (!source.includes(from)) throw new Error(`${url} does not have: ${from}`);
    source = source.replace(from, () => to);
  }
  return { ...loaded, source };
};
