/** One subscriber of a load run, whatever it reads by. */
import { AmsError } from "@ams/client";
import type { Kind } from "../plan.ts";
import type { Verifier, VerifierOptions } from "../verify/verifier.ts";

export type ReaderOptions = VerifierOptions & {
  readonly link: string;
  /** Null joins as a guest. */
  readonly credential: string | null;
  readonly streamName: string;
  /** The conversation's number in the run. */
  readonly conversation: number;
  /** It asks for counts instead of peers (§4.5.4). */
  readonly summary: boolean;
  /** An address of this machine to connect from; null leaves it to the system. */
  readonly source: string | null;
};

/** How a connection ended before its time. */
export type Ending = { readonly code: number | null; readonly reason: string };

export interface Reader {
  readonly kind: Kind;
  readonly conversation: number;
  readonly verifier: Verifier;
  readonly listens: boolean;
  /** False once it has ended, and while it is away. */
  readonly isOpen: boolean;
  readonly ending: Ending | null;
  /** Rejects with what refused it. After `drop` it joins again. */
  join(): Promise<void>;
  /** Ends its connection, by the plan. */
  drop(): Promise<void>;
  /** Resolves when the broker has shown that it is there, or `signal` fires. */
  confirm(signal: AbortSignal): Promise<void>;
  leave(): Promise<void>;
}

/** What refused a join, as an AmsError. */
export function refusalOf(error: unknown): AmsError {
  if (error instanceof AmsError) return error;
  return new AmsError("unexpected_answer", "Joining failed.", { cause: error });
}
