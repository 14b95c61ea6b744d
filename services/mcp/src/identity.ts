/** Who a caller is taken for unless it says more: an agent, by the name of its program. */
import type { PeerIdentity } from "@ams/client";

/** Characters of a program's name in an identity, which has 1,024 bytes of JSON: none of them takes more than 6. */
const CLIENT_CHARACTERS_MAX = 128;

export function agentOf(clientName: string): PeerIdentity {
  return { kind: "agent", client: [...clientName].slice(0, CLIENT_CHARACTERS_MAX).join("") };
}
