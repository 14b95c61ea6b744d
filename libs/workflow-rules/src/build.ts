/** Headers as agents and the service write them, over the history that they have seen. */
import { sha256, toHex } from "@ams/provenance";
import { fingerprint } from "./fingerprint.ts";
import type { Header } from "./header.ts";
import { type MessageType, SERVICE_BRANCH, ZEROS } from "./words.ts";

export type Draft = {
  readonly id: string;
  readonly conversationId: string;
  readonly type: MessageType;
  readonly op: string;
  /** What the sender has seen. */
  readonly size: number;
  readonly root: string;
  readonly strict?: boolean;
  readonly branch: string;
  readonly node: string;
  readonly parents: readonly string[];
  readonly did: string;
  readonly onBehalfOf?: string;
  readonly run: {
    readonly id: string;
    readonly workflow: string;
    readonly version: number;
    readonly def: string;
    readonly epoch: number;
    readonly state: string;
  };
  readonly step?: string;
  readonly attempt?: number;
  readonly body: Uint8Array;
  readonly bodyType?: string;
  readonly ts: number;
};

export function buildHeader(draft: Draft): Header {
  const { conversationId, size, root, did, run, body, parents } = draft;
  const prev = parents[0] ?? ZEROS;
  const seen = { conversationId, size, root, prev, did, state: run.state };
  const strict = draft.strict === true ? { strict: true } : {};
  const behalf = draft.onBehalfOf === undefined ? {} : { on_behalf_of: draft.onBehalfOf };
  return {
    v: 1,
    id: draft.id,
    conversation_id: conversationId,
    type: draft.type,
    context_fingerprint: { size, root, prev, fp: fingerprint(seen), ...strict },
    execution_path: { branch: draft.branch, node: draft.node, parents },
    agent_identity: { did, ...behalf },
    workflow_state: {
      workflow: run.workflow,
      version: run.version,
      def: run.def,
      run: run.id,
      epoch: run.epoch,
      workflow_step: draft.step ?? "",
      op: draft.op,
      attempt: draft.attempt ?? 0,
      state: run.state,
    },
    body: {
      sha256: toHex(sha256(body)),
      size: body.length,
      type: draft.bodyType ?? "application/json",
    },
    ts: draft.ts,
  };
}

/** Where messages outside of every branch hang. */
export function outside(id: string) {
  return { branch: SERVICE_BRANCH, node: `${SERVICE_BRANCH}/${id}`, parents: [] };
}
