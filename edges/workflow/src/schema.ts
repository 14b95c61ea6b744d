/**
 * Schemas of steps (JSON Schema 2020-12): what a workflow's author gives is bounded before it is
 * compiled, so that no body takes long to be judged.
 */
import { isJsonObject, type Json } from "@ams/provenance";
import type { BodyCheck, SchemaCheck } from "@ams/workflow-rules";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { LRUCache } from "lru-cache";
import { RE2JS } from "re2js";

/** Schemas within a schema, each reference counted as what it refers to. */
const NODES_MAX = 1_000;

/** Compiled schemas that are kept. */
const COMPILED_MAX = 1_000;

/** A regular expression whose time is linear in its text, as the validator wants one. */
const linear = Object.assign(
  (source: string) => {
    const pattern = RE2JS.compile(source);
    return { test: (text: string) => pattern.matcher(text).find() };
  },
  { code: "linear" },
);

const compiled = new LRUCache<string, ValidateFunction>({ max: COMPILED_MAX });

/** A fault in one sentence, or null. */
export const checkSchema: SchemaCheck = (schema) => {
  const nodes = countNodes(schema, schema, NODES_MAX, []);
  if (nodes === "remote") return "only references within the schema are followed";
  if (nodes === "recursive") return "a reference may not lead back to itself";
  if (nodes > NODES_MAX) return `it has more than ${NODES_MAX} schemas, references followed`;
  try {
    compile(schema);
    return null;
  } catch {
    return "it is not a schema of JSON Schema 2020-12";
  }
};

/** The pointer of the first failing place, in byte order; null when there is none. */
export const checkBody: BodyCheck = (schema, body) => {
  const validate = compile(schema);
  if (validate(body)) return null;
  const places = (validate.errors ?? []).map(({ instancePath }) => instancePath);
  return places.reduce((first, place) => (place < first ? place : first), places[0] ?? "");
};

function compile(schema: Json): ValidateFunction {
  const key = JSON.stringify(schema);
  const known = compiled.get(key);
  if (known !== undefined) return known;
  if (!isJsonObject(schema) && typeof schema !== "boolean") throw new TypeError("not a schema");
  // One validator a schema: a schema's `$id` must not be seen by another's.
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    validateFormats: false,
    addUsedSchema: false,
    logger: false,
    code: { regExp: linear },
  });
  const validate = ajv.compile(schema);
  compiled.set(key, validate);
  return validate;
}

type Count = number | "remote" | "recursive";

/** Every object counts, whatever it is there for; references count as their target. */
function countNodes(root: Json, value: Json, max: number, path: readonly string[]): Count {
  if (typeof value !== "object" || value === null) return 0;
  let sum = 1;
  const add = (count: Count): Count | null => {
    if (typeof count !== "number") return count;
    sum += count;
    return sum > max ? sum : null;
  };
  for (const [name, member] of Object.entries(value)) {
    const isReference = /^\$(?:dynamicRef|recursiveRef|ref)$/.test(name);
    if (isReference && typeof member === "string") {
      const target = resolve(root, member);
      if (target === null) return "remote";
      if (path.includes(member)) return "recursive";
      const stop = add(countNodes(root, target, max - sum, [...path, member]));
      if (stop !== null) return stop;
    } else {
      const stop = add(countNodes(root, member, max - sum, path));
      if (stop !== null) return stop;
    }
  }
  return sum;
}

/** `#` and `#/…` only; null for every other reference. */
function resolve(root: Json, reference: string): Json | null {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return null;
  let at: Json = root;
  for (const segment of reference.slice(2).split("/")) {
    const name = segment.replaceAll("~1", "/").replaceAll("~0", "~");
    const next: unknown = typeof at === "object" && at !== null ? Reflect.get(at, name) : null;
    if (typeof next !== "object" || next === null) return null;
    at = next as Json;
  }
  return at;
}
