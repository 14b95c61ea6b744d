/**
 * An entry of the journal: one committed message. What the fold needs of a body stands beside it
 * as `facts`, so that a body can be erased.
 */
import { canonicalBytes, isJsonObject, type Json, type JsonObject } from "@ams/provenance";
import type { Header } from "./header.ts";

export type SpawnFacts = {
  readonly child: string;
  readonly agent?: string;
  readonly steps?: readonly string[];
  readonly deadline_ms?: number;
};
export type StartFacts = {
  readonly workflow: string;
  readonly version: number;
  readonly roles: Readonly<Record<string, readonly string[]>>;
};
export type TickFacts =
  | { readonly step: string; readonly attempt: number }
  | { readonly branch: string };
export type RollbackFacts = {
  readonly to: string;
  readonly force: boolean;
  readonly irreversible: readonly string[];
  readonly plan: readonly {
    readonly step: string;
    readonly attempt: number;
    readonly handler: string;
    readonly key: string;
  }[];
};
export type InterruptFacts = {
  readonly scope: "conversation" | "run" | "agent";
  readonly did?: string;
};
export type GrantFacts = { readonly role: string; readonly to: readonly string[] };

export type Facts =
  | { readonly spawn: SpawnFacts }
  | { readonly merge: { readonly children: readonly string[] } }
  | { readonly define: JsonObject }
  | { readonly start: StartFacts }
  | { readonly tick: TickFacts }
  | { readonly rollback: RollbackFacts }
  | { readonly rewind: { readonly to: string } }
  | { readonly grant: GrantFacts }
  | { readonly interrupt: InterruptFacts };

export type Committed = {
  readonly header: Header;
  readonly sig: string;
  /** The account that handed it in; null for what the service did by itself. */
  readonly account: string | null;
  readonly facts: Facts | null;
};

export function encodeEntry({ header, sig, account, facts }: Committed): Uint8Array {
  return canonicalBytes({ account, facts, header, sig });
}

/** The service wrote it, in the form above. */
export function decodeEntry(bytes: Uint8Array): Committed {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (!isCommitted(value)) throw new Error("an entry that this service did not write");
  return value;
}

function isCommitted(value: unknown): value is Committed {
  if (!isJsonObject(value)) return false;
  const { header, sig, facts, account } = value;
  const isText = (one: Json | undefined) => one === null || typeof one === "string";
  return isJsonObject(header) && typeof sig === "string" && facts !== undefined && isText(account);
}
