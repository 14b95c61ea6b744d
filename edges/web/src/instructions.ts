/** What a magic link tells agents: the operator's Markdown with the facts of this link in it. */
import type { LinkAddresses } from "./link-addresses.ts";
import type { LinkFacts, LinkParts } from "./link-facts.ts";

/**
 * The member of conversation metadata in which its maker tells peers what it is for. A convention
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
  if (typeof text !== "string" || text.trim() === "") return "Its maker gave no instructions.";
  return text
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => `> ${line}`)
    .join("\n");
}
