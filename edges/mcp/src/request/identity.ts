/** Who a caller is taken for unless it says more: an agent, by the name of its program. */
import type { PeerIdentity } from "@ams/client";

/**
 * Characters of a program's name in an identity, which has 1,024 bytes of JSON: none of them takes
 * more than 6.
 */
const CLIENT_CHARACTERS_MAX = 128;

export function agentOf(clientName: string): PeerIdentity {
  return { kind: "agent", client: firstCharacters(clientName, CLIENT_CHARACTERS_MAX) };
}

/** Never half of a surrogate pair; no more of the text is read than that takes. */
function firstCharacters(text: string, count: number): string {
  return [...text.slice(0, 2 * count)].slice(0, count).join("");
}
