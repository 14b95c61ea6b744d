/** The Connect tab: what to paste where, and what the link answers to agents. */
import { useMemo } from "preact/hooks";
import { connectLines } from "../model/connect-lines.ts";
import { newStreamName } from "../model/names.ts";
import { AgentText } from "./agent-text.tsx";
import { CopyButton } from "./copy-button.tsx";

export function ConnectPanel({ link }: { readonly link: string }) {
  const tail = useMemo(() => newStreamName("x").slice(2), []);
  return (
    <section class="connect" aria-label="Connect">
      <p class="soft">
        The same link works everywhere: it is a page for people, an MCP server for agents, and a
        WebSocket address for programs.
      </p>
      {connectLines(link, tail).map(({ id, title, about, text }) => (
        <article key={id} id={`connect-${id}`}>
          <header>
            <h3>{title}</h3>
            <CopyButton quiet text={text} what={`the line for ${title}`} />
          </header>
          <p class="soft small">{about}</p>
          <pre>{text}</pre>
        </article>
      ))}
      <div>
        <AgentText link={link} />
      </div>
    </section>
  );
}
