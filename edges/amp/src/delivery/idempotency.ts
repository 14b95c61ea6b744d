/** A key makes a message be sent once, however often it is tried within 24 hours. */
import { createHash } from "node:crypto";
import { makeId } from "@ams/amp";
import type { AgentRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { type Answer, refuse } from "../http/answer.ts";
import type { Draft } from "./message.ts";

export type Idempotency =
  | { readonly kind: "answered"; readonly answer: Answer }
  | {
      readonly kind: "ours";
      /** The message's id; null where there is no key. */
      readonly id: string | null;
      readonly complete: (answer: Answer) => Promise<void>;
      /** A refusal isn't remembered. */
      readonly release: () => Promise<void>;
    };

type Claim = {
  readonly id: string;
  /** The process that has it. */
  readonly process: string;
  readonly hash: string;
  readonly leaseUntilMs: number;
  readonly answer: { readonly status: number; readonly body: string } | null;
};

const KEEP_MS = 86_400_000;
/** Milliseconds after which a claim without an answer is taken over: longer than any route. */
const LEASE_MS = 60_000;
/** Milliseconds between two questions whether the process that has a claim is alive. */
const ALIVE_MS = 500;
/** Milliseconds between two looks at a route that is under way, and for how long. */
const LOOK_MS = 50;
const WAIT_MS_MAX = 20_000;

const ALIVE_LOOKS = ALIVE_MS / LOOK_MS;

const none = async () => {};

export async function claimIdempotency(
  amp: Amp,
  sender: AgentRecord,
  draft: Draft,
  canonicalBody: () => string,
): Promise<Idempotency> {
  const { idempotencyKey } = draft;
  if (idempotencyKey === null) return { kind: "ours", id: null, complete: none, release: none };
  const key = `idem:${sender.id}:${idempotencyKey}`;
  const hash = createHash("sha256").update(canonicalBody()).digest("base64");
  const at = sender.tenant;
  const fresh = makeId("msg", amp.now());
  const untilMs = amp.now() + WAIT_MS_MAX;
  for (let looks = 1; ; looks += 1) {
    const lease = { process: amp.processId, leaseUntilMs: amp.now() + LEASE_MS };
    const claim = { id: fresh, hash, ...lease, answer: null };
    const text = JSON.stringify(claim);
    const existing = await amp.store.claim(at, key, text, KEEP_MS);
    if (existing === null) return ours(amp, at, key, text, claim);
    const found: Claim = JSON.parse(existing);
    if (found.hash !== hash) {
      const message = "This idempotency_key was used for another message.";
      return { kind: "answered", answer: refuse("duplicate_idempotency_key", message) };
    }
    if (found.answer !== null) return { kind: "answered", answer: found.answer };
    if (
      found.leaseUntilMs <= amp.now() ||
      (looks % ALIVE_LOOKS === 0 && (await isGone(amp, found)))
    ) {
      const taken = { ...found, ...lease };
      const over = JSON.stringify(taken);
      if (await amp.store.swap(at, key, existing, over, KEEP_MS))
        return ours(amp, at, key, over, taken);
    } else if (amp.now() > untilMs) {
      const message = "The first request with this key is still under way: try again.";
      return { kind: "answered", answer: refuse("unavailable", message) };
    } else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/**
 * Whether the process of a claim has died. One that only stood still goes on with the same id, so
 * that nothing is sent twice.
 */
async function isGone(amp: Amp, { process }: Claim): Promise<boolean> {
  return (await amp.store.read(process, `process:${process}`)) === null;
}

function ours(amp: Amp, at: string, key: string, text: string, claim: Claim): Idempotency {
  return {
    kind: "ours",
    id: claim.id,
    complete: async ({ status, body }) => {
      const kept: Claim = { ...claim, answer: { status, body: String(body) } };
      await amp.store.write(at, key, JSON.stringify(kept), KEEP_MS);
    },
    release: async () => void (await amp.store.swap(at, key, text, null, null)),
  };
}
