/** What a magic link answers to agents: the operator's Markdown, with the facts of this link. */
import type { LinkAddresses } from "./link-addresses.ts";
import type { LinkFacts, LinkParts } from "./link-facts.ts";
import { serverNameOf } from "./server-name.ts";

/**
 * The member of conversation metadata in which its owner says to peers what it is for. A convention
 * of clients.
 */
const INSTRUCTIONS = "instructions";

export type Subject = {
  readonly name: string;
  readonly link: LinkParts;
  readonly addresses: LinkAddresses;
  readonly facts: LinkFacts;
};

/** The text with every `{{…}}` filled in; one that is unknown stays as it is. */
export function fillInstructions(text: string, { name, link, addresses, facts }: Subject): string {
  const isLive = facts.kind === "live";
  const values: Readonly<Record<string, string>> = {
    name,
    namespace: link.namespace,
    alias: link.alias,
    link: addresses.link,
    mcp_endpoint: addresses.link,
    mcp_name: serverNameOf(link.alias),
    connect_url: addresses.connectUrl,
    conversation_id: isLive ? facts.conversationId : "unknown",
    conversation_instructions: isLive ? ownInstructions(facts.metadata) : "Unknown.",
  };
  return text.replace(/\{\{(\w+)\}\}/g, (whole, key: string) =>
    Object.hasOwn(values, key) ? (values[key] ?? whole) : whole,
  );
}

/** As a quotation, so that nobody takes its lines for ours. */
function ownInstructions(metadata: Readonly<Record<string, unknown>>): string {
  const text = metadata[INSTRUCTIONS];
  if (typeof text !== "string" || text.trim() === "") return "Its owner gave no instructions.";
  return text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => `> ${line}`)
    .join("\n");
}
