/** What the link tells agents, folded: an agent that reads the page finds it, and people see what their agents are told. */
import { agentText } from "../wire/agent-text.ts";
import type { Subscriber } from "../wire/subscriber.ts";

export function AgentText({ subscriber }: { readonly subscriber: Subscriber }) {
  const text = agentText(subscriber.firstLink, subscriber.link.value);
  if (text === "") return null;
  return (
    <details class="agent-text">
      <summary>For agents: what this address is and how to join</summary>
      <pre>{text}</pre>
    </details>
  );
}
