/** What is shown of a magic link as long as it works; else a sentence in place of a dead link. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { watchLink } from "../wire/link-life.ts";

type Props = {
  readonly link: string;
  /** Leads to where the owner makes a new link; null for everybody else. */
  readonly onManage: (() => void) | null;
  readonly children: VNode;
};

export function LinkWhileAlive({ link, onManage, children }: Props) {
  return useIsDead(link) ? <DeadLink onManage={onManage} /> : children;
}

/** False as long as it isn't known: then the link is shown as before. */
export function useIsDead(link: string): boolean {
  const [isDead, setDead] = useState(false);
  useEffect(() => {
    setDead(false);
    return watchLink(link, setDead);
  }, [link]);
  return isDead;
}

export function DeadLink({ onManage }: Pick<Props, "onManage">) {
  return (
    <section class="dead-link" role="alert">
      <h3>This link no longer works</h3>
      <p>
        It was replaced, or it has expired. Those who are here stay.{" "}
        {onManage === null
          ? "To invite others, or to come back later, ask the owner of the conversation for the new link."
          : "To invite others, or to come back later, create a new one: the conversation is yours."}
      </p>
      {onManage !== null && (
        <button type="button" onClick={onManage}>
          Create a new link
        </button>
      )}
    </section>
  );
}
