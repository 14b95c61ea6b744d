/** A message before any history is looked at: members, body, and what its body says. */
import {
  isJsonObject,
  type Json,
  type JsonObject,
  parseDid,
  parseStrict,
  sha256,
  toHex,
} from "@ams/provenance";
import type { Facts, SpawnFacts } from "./entry.ts";
import { type Judged, refused } from "./errors.ts";
import { messageHash } from "./fingerprint.ts";
import { type Header, readHeader } from "./header.ts";
import { BODY_BYTES_MAX, CHILDREN_MAX, PARENTS_MAX, TIMEOUT_MS_MAX } from "./limits.ts";
import { AGENT_TYPES, isSegment, isStepName } from "./words.ts";

export type Message = {
  readonly header: Header;
  readonly msg: string;
  readonly sig: string;
  readonly body: Uint8Array;
  /** Null where the type needs none. */
  readonly facts: Facts | null;
};

export type Given = {
  readonly header: Json;
  readonly sig: string;
  readonly body: Uint8Array;
};

/** By the order of judgement up to the body's digest; `conversationId` is where it was sent. */
export function readMessage(given: Given, conversationId: string): Judged<Message> {
  const read = readHeader(given.header);
  if (!read.ok) return read;
  const header = read.value;
  if (header.conversation_id !== conversationId)
    return refused("invalid_message", { field: "conversation_id" });
  const isAgents = AGENT_TYPES.some((type) => type === header.type);
  if (!isAgents) return refused("invalid_message", { field: "type" });
  if (header.agent_identity.on_behalf_of !== undefined)
    return refused("invalid_message", { field: "agent_identity.on_behalf_of" });
  return withBody(header, given);
}

/** The same for what the service itself has signed. */
export function withBody(header: Header, { sig, body }: Omit<Given, "header">): Judged<Message> {
  const msg = messageHash(header);
  if (body.length > BODY_BYTES_MAX) return refused("too_large", { msg });
  const { sha256: digest, size } = header.body;
  if (body.length !== size || toHex(sha256(body)) !== digest)
    return refused("body_mismatch", { msg });
  const facts = factsOf(header, body);
  if (facts === "wrong") return refused("invalid_message", { field: "body", msg });
  return { ok: true, value: { header, msg, sig, body, facts } };
}

function factsOf({ type }: Header, body: Uint8Array): Facts | null | "wrong" {
  if (type !== "spawn" && type !== "merge") return null;
  const parsed = parseStrict(body, { bytes: BODY_BYTES_MAX });
  if (!parsed.ok || !isJsonObject(parsed.value)) return "wrong";
  if (type === "spawn") {
    const spawn = readSpawn(parsed.value);
    return spawn === null ? "wrong" : { spawn };
  }
  const children = readChildren(parsed.value);
  return children === null ? "wrong" : { merge: { children } };
}

function readSpawn(body: JsonObject): SpawnFacts | null {
  const { child, agent, steps, deadline_ms: deadline, ...rest } = body;
  if (Object.keys(rest).length > 0) return null;
  if (typeof child !== "string" || !isSegment(child)) return null;
  if (agent !== undefined && (typeof agent !== "string" || parseDid(agent) === null)) return null;
  const list = steps === undefined ? undefined : readNames(steps, isStepName);
  if (list === null) return null;
  const isDeadline = typeof deadline === "number" && Number.isInteger(deadline) && deadline > 0;
  if (deadline !== undefined && (!isDeadline || deadline > TIMEOUT_MS_MAX)) return null;
  return {
    child,
    ...(agent === undefined ? {} : { agent }),
    ...(list === undefined ? {} : { steps: list }),
    ...(isDeadline ? { deadline_ms: deadline } : {}),
  };
}

function readChildren({ children, ...rest }: JsonObject): readonly string[] | null {
  if (Object.keys(rest).length > 0 || children === undefined) return null;
  const names = readNames(children, isSegment);
  const isRight = names !== null && names.length > 0 && names.length < PARENTS_MAX;
  return isRight && new Set(names).size === names.length ? names : null;
}

function readNames(value: Json, isName: (text: string) => boolean): readonly string[] | null {
  if (!Array.isArray(value) || value.length > CHILDREN_MAX) return null;
  const names = value.filter((one: Json) => typeof one === "string" && isName(one));
  return names.length === value.length ? names : null;
}
