/** Receipts (W5.7): what a commit was, always the same for the same message. */
import { tagged } from "@ams/provenance";
import type { Conversation } from "./fold.ts";
import type { Node } from "./node.ts";
import { SERVICE } from "./words.ts";

export type Receipt = {
  readonly v: 1;
  readonly conversation_id: string;
  readonly id: string;
  readonly msg: string;
  readonly seq: number;
  readonly at: number;
  /** Right after it, as `root` and `state`. */
  readonly size: number;
  readonly root: string;
  readonly lag: number;
  readonly run: string;
  readonly state: string;
};

/** `seen` is the size that the message's header claims. */
export function receiptOf(conversation: Conversation, node: Node, seen: number): Receipt {
  const { id, msg, seq, at, run } = node;
  const size = seq + 1;
  return {
    v: 1,
    conversation_id: conversation.id,
    id,
    msg,
    seq,
    at,
    size,
    root: conversation.root(size),
    lag: Math.max(0, seq - seen),
    run,
    state: conversation.stateAt(run, size) ?? "",
  };
}

export function receiptBytes(receipt: Receipt): Uint8Array {
  return tagged(SERVICE, "receipt", receipt);
}
