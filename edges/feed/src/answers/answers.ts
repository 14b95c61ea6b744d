/**
 * What was answered to a message with an `Idempotency-Key`: the feed's own store, shared by its
 * processes. Keys here are hashes; nothing of a message is in it but its `seq`s.
 */

/** Milliseconds for which an answer is given again. */
export const ANSWER_MS = 86_400_000;

/**
 * Milliseconds for which a claim lasts without its answer: longer than a message takes. A process
 * that dies while it sends leaves the claim, and after that time the message may be sent again.
 */
export const CLAIM_MS = 60_000;

export type Sent = { readonly stream_id: string; readonly seqs: readonly string[] };

export type Claim =
  /** The caller sends, and then keeps the answer or releases the claim. */
  | { readonly kind: "claimed" }
  /** Somebody sends it at present. */
  | { readonly kind: "pending" }
  | { readonly kind: "answered"; readonly sent: Sent };

export interface Answers {
  claim(key: string): Promise<Claim>;
  keep(key: string, sent: Sent): Promise<void>;
  release(key: string): Promise<void>;
  close(): Promise<void>;
}
