/** The header of a message (W2): its four mandatory fields and every member of them. */
import {
  canonicalBytes,
  isJsonObject,
  type Json,
  type JsonObject,
  parseDid,
} from "@ams/provenance";
import { type Judged, refused } from "./errors.ts";
import { HEADER_BYTES_MAX, PARENTS_MAX } from "./limits.ts";
import {
  isAccountId,
  isBranchName,
  isHash,
  isMessageId,
  isRunId,
  isStepName,
  type MessageType,
  OPS,
  SERVICE_BRANCH,
} from "./words.ts";

export type ContextFingerprint = {
  readonly size: number;
  readonly root: string;
  readonly prev: string;
  readonly fp: string;
  readonly strict?: boolean;
};

export type Header = {
  readonly v: 1;
  readonly id: string;
  readonly conversation_id: string;
  readonly type: MessageType;
  readonly context_fingerprint: ContextFingerprint;
  readonly execution_path: {
    readonly branch: string;
    readonly node: string;
    readonly parents: readonly string[];
  };
  readonly agent_identity: {
    readonly did: string;
    readonly kid?: string;
    readonly on_behalf_of?: string;
  };
  readonly workflow_state: {
    readonly workflow: string;
    readonly version: number;
    readonly def: string;
    readonly run: string;
    readonly epoch: number;
    readonly workflow_step: string;
    readonly op: string;
    readonly attempt: number;
    readonly state: string;
  };
  readonly body: { readonly sha256: string; readonly size: number; readonly type: string };
  readonly ts: number;
};

const FOUR = ["context_fingerprint", "execution_path", "agent_identity", "workflow_state"] as const;

const CONVERSATION = /^conv_[0-9A-Za-z]{1,64}$/;
const MEDIA_TYPE = /^[A-Za-z0-9!#$&^_.+-]{1,63}\/[A-Za-z0-9!#$&^_.+-]{1,63}(?:; ?[ -~]{1,64})?$/;
const NAME = /^[a-z0-9_][a-z0-9_-]{0,62}$/;

/** Whether a value is what a member has to be. */
type Check = (value: Json | undefined) => boolean;

const text =
  (test: (text: string) => boolean): Check =>
  (value) =>
    typeof value === "string" && test(value);

const whole =
  (max = Number.MAX_SAFE_INTEGER): Check =>
  (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;

const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const object: Check = (value) => isJsonObject(value);
const hex = text(isHash);

const MEMBERS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  "": {
    v: (value) => value === 1,
    id: text(isMessageId),
    conversation_id: text((id) => CONVERSATION.test(id)),
    type: text((type) => Object.hasOwn(OPS, type)),
    context_fingerprint: object,
    execution_path: object,
    agent_identity: object,
    workflow_state: object,
    body: object,
    ts: whole(),
  },
  context_fingerprint: {
    size: whole(),
    root: hex,
    prev: hex,
    fp: hex,
    strict: optional((value) => typeof value === "boolean"),
  },
  execution_path: {
    branch: text((name) => name === SERVICE_BRANCH || isBranchName(name)),
    node: text((node) => node.length <= 1_024),
    parents: (value) =>
      Array.isArray(value) && value.length <= PARENTS_MAX && value.every((one: Json) => hex(one)),
  },
  agent_identity: {
    did: text((did) => parseDid(did) !== null),
    kid: optional(text((kid) => kid.length <= 512)),
    on_behalf_of: optional(text((who) => who === "guest" || isAccountId(who))),
  },
  workflow_state: {
    workflow: text((name) => NAME.test(name)),
    version: whole(),
    def: hex,
    run: text(isRunId),
    epoch: whole(),
    workflow_step: text((step) => step === "" || isStepName(step)),
    op: text((op) => op.length <= 16),
    attempt: whole(),
    state: hex,
  },
  body: {
    sha256: hex,
    size: whole(),
    type: text((type) => MEDIA_TYPE.test(type)),
  },
};

/** By the order of judgement: the four fields, every member, the size. */
export function readHeader(value: Json): Judged<Header> {
  if (!isJsonObject(value)) return refused("field_missing", { field: FOUR[0] });
  for (const field of FOUR) {
    const given = value[field];
    if (given === undefined || given === null) return refused("field_missing", { field });
  }
  const field = wrongMember(value);
  if (field !== null || !isHeader(value)) return refused("invalid_message", { field: field ?? "" });
  const together = wrongTogether(value);
  if (together !== null) return refused("invalid_message", { field: together });
  if (canonicalBytes(value).length > HEADER_BYTES_MAX) return refused("too_large");
  return { ok: true, value };
}

/** The first member that is wrong or unknown, as a path; null when there is none. */
function wrongMember(header: JsonObject): string | null {
  for (const [place, checks] of Object.entries(MEMBERS)) {
    const owner = place === "" ? header : header[place];
    if (!isJsonObject(owner)) return place;
    const path = (name: string) => (place === "" ? name : `${place}.${name}`);
    for (const [name, check] of Object.entries(checks)) {
      if (!check(owner[name])) return path(name);
    }
    const stranger = Object.keys(owner).find((name) => !Object.hasOwn(checks, name));
    if (stranger !== undefined) return path(stranger.slice(0, 64));
  }
  return null;
}

function isHeader(value: unknown): value is Header {
  return isJsonObject(value) && wrongMember(value) === null;
}

/** Members that are wrong for the type of the message. */
function wrongTogether({ type, workflow_state: state, execution_path: path }: Header) {
  if (!OPS[type].includes(state.op)) return "workflow_state.op";
  const isOfStep = type === "step" || type === "compensated";
  const hasStep = type === "tick" ? isOfStep : state.workflow_step !== "";
  if (isOfStep !== hasStep) return "workflow_state.workflow_step";
  if (type !== "tick" && isOfStep !== state.attempt > 0) return "workflow_state.attempt";
  const isOutside = ["interrupt", "tick", "grant", "rollback"].includes(type);
  if (isOutside !== (path.branch === SERVICE_BRANCH)) return "execution_path.branch";
  return null;
}
