/**
 * Ids of sessions: random, and signed for whom the session is, so that any process of the
 * deployment serves it, and nobody else's credential does. An id opens nothing by itself.
 */
import { randomBytes } from "node:crypto";
import { principalOf, type Seal, slugOf, type Who } from "@ams/edge";

/** What a client said when it began, as far as its id carries it. */
export type SaidAtStart = { readonly clientName: string; readonly wantsPush: boolean };

/** Random bytes: nobody guesses one. */
const RANDOM_BYTES = 18;
const CHARACTERS_MAX = 128;
const PARTS = 4;
const USE = "session";

export function newSessionId(seal: Seal, who: Who, said: SaidAtStart): string {
  const random = randomBytes(RANDOM_BYTES).toString("base64url");
  const text = [random, slugOf(said.clientName), said.wantsPush ? "p" : "n"].join(".");
  return `${text}.${seal.sign(USE, `${principalOf(who)}\n${text}`)}`;
}

/** Null where it wasn't made for this caller by a process with the same secret. */
export function readSessionId(seal: Seal, who: Who, id: string): SaidAtStart | null {
  const parts = id.split(".");
  if (id.length > CHARACTERS_MAX || parts.length !== PARTS) return null;
  const [random = "", clientName = "", push = "", signature = ""] = parts;
  const text = [random, clientName, push].join(".");
  if (!seal.isSigned(USE, `${principalOf(who)}\n${text}`, signature)) return null;
  return { clientName, wantsPush: push === "p" };
}
