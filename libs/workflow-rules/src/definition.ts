/** Definitions of workflows (W5.1): what they say, and whether they may. */
import { canonicalBytes, isJsonObject, type Json, type JsonObject } from "@ams/provenance";
import { type Judged, refused } from "./errors.ts";
import {
  ATTEMPTS_MAX,
  GRACE_MS_MAX,
  MAX_LAG,
  MAX_LAG_MAX,
  NAMES_MAX,
  SCHEMA_BYTES_MAX,
  STEPS_MAX,
  TIMEOUT_MS_MAX,
} from "./limits.ts";
import { CHAT_WORKFLOW, hash, isStepName, isWorkflowName } from "./words.ts";

export type StepDefinition = {
  readonly after: readonly string[];
  /** How many of `after` have to be done. */
  readonly needs: number;
  /** Empty where anybody may. */
  readonly who: readonly string[] | null;
  readonly schema: Json | null;
  readonly timeoutMs: number | null;
  readonly maxAttempts: number;
  readonly effect: "none" | "compensatable" | "irreversible";
  readonly compensate: string | null;
};

export type Definition = {
  readonly name: string;
  readonly v: number;
  readonly def: string;
  /** As it was given. */
  readonly source: JsonObject;
  readonly steps: ReadonlyMap<string, StepDefinition>;
  readonly maxLag: number;
  readonly mergeBy: readonly string[];
  readonly rollbackBy: readonly string[];
  readonly resumeBy: readonly string[];
  readonly safe: ReadonlySet<string>;
  readonly graceMs: number;
};

/** A fault of a schema in one sentence, or null. */
export type SchemaCheck = (schema: Json) => string | null;

const ROOT = ["name", "v", "steps", "max_lag", "merge_by", "rollback_by", "resume_by", "on_stop"];
const STEP = [
  "after",
  "join",
  "who",
  "schema",
  "timeout_ms",
  "max_attempts",
  "effect",
  "compensate",
];

/** The definition of every conversation's own run. */
export const CHAT: Definition = {
  ...emptyRest(),
  name: CHAT_WORKFLOW,
  v: 0,
  source: { name: CHAT_WORKFLOW, steps: {}, v: 0 },
  def: hash("def", { name: CHAT_WORKFLOW, steps: {}, v: 0 }),
  steps: new Map(),
};

function emptyRest() {
  return {
    maxLag: MAX_LAG,
    mergeBy: [],
    rollbackBy: [],
    resumeBy: [],
    safe: new Set<string>(),
    graceMs: 0,
  };
}

class Invalid extends Error {}

/** `checkSchema` compiles each step's schema. */
export function readDefinition(value: Json, checkSchema: SchemaCheck): Judged<Definition> {
  try {
    const definition = read(value, checkSchema);
    const cycle = cycleOf(definition.steps);
    if (cycle.length > 0) return refused("definition_cycle", { steps: cycle });
    return { ok: true, value: definition };
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    return refused("invalid_definition", { reason: error.message });
  }
}

function read(value: Json, checkSchema: SchemaCheck): Definition {
  if (!isJsonObject(value)) throw new Invalid("a definition is an object");
  onlyMembers(value, ROOT, "the definition");
  const { name, v, steps, on_stop: onStop = {} } = value;
  if (typeof name !== "string" || !isWorkflowName(name)) throw new Invalid("name");
  if (typeof v !== "number" || !Number.isInteger(v) || v < 1) throw new Invalid("v");
  if (!isJsonObject(steps)) throw new Invalid("steps is an object");
  const names = Object.keys(steps);
  if (names.length === 0 || names.length > STEPS_MAX)
    throw new Invalid(`a workflow has 1 to ${STEPS_MAX} steps`);
  const known = new Set(names);
  const read = names.map(
    (step) => [step, readStep(step, steps[step] ?? null, known, checkSchema)] as const,
  );
  if (!isJsonObject(onStop)) throw new Invalid("on_stop is an object");
  onlyMembers(onStop, ["safe", "grace_ms"], "on_stop");
  const safe = texts(onStop.safe, "on_stop.safe") ?? [];
  const stranger = safe.find((step) => !known.has(step));
  if (stranger !== undefined) throw new Invalid(`on_stop.safe names an unknown step: ${stranger}`);
  return {
    name,
    v,
    def: hash("def", value),
    source: value,
    steps: new Map(read),
    maxLag: whole(value.max_lag, "max_lag", 0, MAX_LAG_MAX) ?? MAX_LAG,
    mergeBy: texts(value.merge_by, "merge_by") ?? [],
    rollbackBy: texts(value.rollback_by, "rollback_by") ?? [],
    resumeBy: texts(value.resume_by, "resume_by") ?? [],
    safe: new Set(safe),
    graceMs: whole(onStop.grace_ms, "on_stop.grace_ms", 0, GRACE_MS_MAX) ?? 0,
  };
}

function readStep(
  name: string,
  value: Json,
  known: ReadonlySet<string>,
  checkSchema: SchemaCheck,
): StepDefinition {
  if (!isStepName(name)) throw new Invalid("the name of a step is [a-z0-9_-]{1,64}");
  const at = `steps.${name}`;
  if (!isJsonObject(value)) throw new Invalid(`${at} is an object`);
  onlyMembers(value, STEP, at);
  const after = texts(value.after, `${at}.after`) ?? [];
  const stranger = after.find((step) => !known.has(step));
  if (stranger !== undefined) throw new Invalid(`${at}.after names an unknown step: ${stranger}`);
  if (new Set(after).size < after.length) throw new Invalid(`${at}.after names a step twice`);
  const { effect = "irreversible", compensate = null, schema = null } = value;
  if (effect !== "none" && effect !== "compensatable" && effect !== "irreversible")
    throw new Invalid(`${at}.effect`);
  if (compensate !== null && (typeof compensate !== "string" || !isStepName(compensate)))
    throw new Invalid(`${at}.compensate`);
  if (effect === "compensatable" && compensate === null)
    throw new Invalid(`${at} is compensatable and has no compensate`);
  if (schema !== null) checkSize(schema, at, checkSchema);
  return {
    after,
    needs: readJoin(value.join, after.length, at),
    who: texts(value.who, `${at}.who`),
    schema,
    timeoutMs: whole(value.timeout_ms, `${at}.timeout_ms`, 1, TIMEOUT_MS_MAX),
    maxAttempts: whole(value.max_attempts, `${at}.max_attempts`, 1, ATTEMPTS_MAX) ?? 1,
    effect,
    compensate,
  };
}

function checkSize(schema: Json, at: string, checkSchema: SchemaCheck): void {
  if (canonicalBytes(schema).length > SCHEMA_BYTES_MAX)
    throw new Invalid(`${at}.schema is larger than ${SCHEMA_BYTES_MAX} bytes`);
  const fault = checkSchema(schema);
  if (fault !== null) throw new Invalid(`${at}.schema: ${fault}`);
}

function readJoin(value: Json | undefined, count: number, at: string): number {
  if (value === undefined || value === "all") return count;
  if (value === "any") return Math.min(1, count);
  return whole(value, `${at}.join`, 1, Math.max(1, count)) ?? count;
}

function onlyMembers(value: JsonObject, names: readonly string[], at: string): void {
  const stranger = Object.keys(value).find((name) => !names.includes(name));
  if (stranger !== undefined) throw new Invalid(`${at} has an unknown member: ${stranger}`);
}

/** Null where there is none. */
function texts(value: Json | undefined, at: string): readonly string[] | null {
  if (value === undefined) return null;
  if (!Array.isArray(value) || value.length > NAMES_MAX) throw new Invalid(`${at} is a list`);
  return value.map((item: Json) => {
    if (typeof item !== "string" || item === "" || item.length > 256)
      throw new Invalid(`${at} is a list of names`);
    return item;
  });
}

function whole(value: Json | undefined, at: string, min: number, max: number): number | null {
  if (value === undefined) return null;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max)
    throw new Invalid(`${at} is a whole number from ${min} to ${max}`);
  return value;
}

/** Steps that wait for each other, sorted; empty when there are none. */
function cycleOf(steps: ReadonlyMap<string, StepDefinition>): readonly string[] {
  const waiting = new Map([...steps].map(([name, { after }]) => [name, new Set(after)]));
  for (let found = true; found; ) {
    found = false;
    for (const [name, after] of waiting) {
      if ([...after].some((step) => waiting.has(step))) continue;
      waiting.delete(name);
      found = true;
    }
  }
  // What only waits for a cycle is no part of it.
  for (let found = true; found; ) {
    found = false;
    for (const name of waiting.keys()) {
      const isNeeded = [...waiting.values()].some((after) => after.has(name));
      if (isNeeded) continue;
      waiting.delete(name);
      found = true;
    }
  }
  return [...waiting.keys()].sort((a, b) => (a < b ? -1 : 1));
}
