/** A message that was handed in, from its bytes to its commit or its refusal (W5.6, W5.7). */
import type { Resolve } from "@ams/edge";
import { type Json, readSignature, verify } from "@ams/provenance";
import {
  judge,
  type Message,
  type Node,
  type Refusal,
  readMessage,
  refuse,
  signedBytes,
} from "@ams/workflow-rules";
import { checkBody } from "./schema.ts";
import type { LiveSpace, SignedReceipt } from "./space/live-space.ts";

export type Given = {
  readonly header: Json;
  readonly sig: Json;
  readonly body: Uint8Array;
  /** Who handed it in; null for a stream of the conversation without an account of a member. */
  readonly account: string | null;
};

export type Submitted =
  | {
      readonly ok: true;
      readonly duplicate: boolean;
      readonly node: Node;
      readonly signed: SignedReceipt;
      readonly message: Message;
    }
  | { readonly ok: false; readonly refusal: Refusal; readonly id: string };

export async function submit(live: LiveSpace, given: Given, resolve: Resolve): Promise<Submitted> {
  const { header, body } = given;
  const sig = typeof given.sig === "string" ? given.sig : "";
  const read = readMessage({ header, sig, body }, live.conversation.id);
  if (!read.ok) return { ok: false, refusal: read.refusal, id: idOf(header) };
  const message = read.value;
  const fault = await checkSignature(message, resolve);
  if (fault !== null) return { ok: false, refusal: fault, id: message.header.id };
  return await commitMessage(live, message, given.account);
}

/** `act` signs a message by the service, and it is judged as any other. */
export async function commitMessage(
  live: LiveSpace,
  message: Message,
  account: string | null,
): Promise<Submitted> {
  const { header, sig, facts, body } = message;
  const outcome = await live.commit<{ readonly refusal: Refusal } | { readonly node: Node }>({
    run: header.workflow_state.run,
    decide: (conversation, at) => {
      const verdict = judge({ conversation, message, at, checkBody });
      if (verdict.kind === "duplicate")
        return { kind: "answer", answer: { node: verdict.node }, key: header.id };
      if (verdict.kind === "refused")
        return { kind: "answer", answer: { refusal: verdict.refusal } };
      return { kind: "commit", message: { header, sig, facts, body, account, key: header.id } };
    },
  });
  const { id } = header;
  if (outcome.kind === "failed")
    return { ok: false, refusal: refuse(outcome.code, { msg: message.msg }), id };
  const reached = outcome.kind === "committed" ? { node: outcome.node } : outcome.answer;
  if ("refusal" in reached) return { ok: false, refusal: reached.refusal, id };
  const { node } = reached;
  const duplicate = outcome.kind === "answer";
  const signed = live.receipt(node, header.context_fingerprint.size);
  return { ok: true, duplicate, node, signed, message };
}

async function checkSignature(message: Message, resolve: Resolve): Promise<Refusal | null> {
  const { header, msg } = message;
  const resolved = await resolve(header.agent_identity.did);
  if (!resolved.ok) return refuse(resolved.code, { msg });
  const signature = readSignature(message.sig);
  if (signature === null) return refuse("bad_signature", { msg });
  const signed = signedBytes(header);
  return resolved.keys.some((key) => verify(key, signed, signature))
    ? null
    : refuse("bad_signature", { msg });
}

/** The id that a message claims, so that its sender knows what was refused. */
function idOf(header: Json): string {
  const id: unknown =
    typeof header === "object" && header !== null ? Reflect.get(header, "id") : "";
  return typeof id === "string" ? id.slice(0, 64) : "";
}
