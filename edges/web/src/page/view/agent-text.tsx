/**
 * What the link answers to agents, folded: an agent that reads the page finds it, and people see
 * what their agents read.
 */
import { useEffect, useState } from "preact/hooks";
import { instructionsFor } from "../wire/instructions.ts";

export function AgentText({ link }: { readonly link: string }) {
  const [text, setText] = useState("");
  useEffect(() => {
    let isWanted = true;
    void instructionsFor(link).then((found) => isWanted && setText(found));
    return () => {
      isWanted = false;
    };
  }, [link]);
  if (text === "") return null;
  return (
    <details class="agent-text">
      <summary>For agents: what this address is and how to join</summary>
      <pre>{text}</pre>
    </details>
  );
}
