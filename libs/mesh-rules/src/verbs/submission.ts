/** What a verb is given, and what it answers. */
import type { Draft } from "../draft.ts";
import type { Envelope } from "../envelope.ts";
import type { Extra } from "../errors.ts";

export type Submission = {
  readonly envelope: Envelope;
  /** Of whoever handed it in; null where nobody is known. */
  readonly account: string | null;
  /** Hex of the key that verified the signature. */
  readonly key: string;
  /** True for what the service itself signed. */
  readonly isPrime: boolean;
};

/** `emit` logs the envelope: called once every check of the state has passed. */
export type Given = Submission & { readonly emit: () => void };

export type Handler = (draft: Draft, given: Given) => Extra;
