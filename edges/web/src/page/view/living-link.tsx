/**
 * What is made of a magic link, as long as that lets anybody in; else a sentence instead of
 * something dead to copy.
 */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { watchLink } from "../wire/link-life.ts";

type Props = {
  readonly link: string;
  /** Leads to where the owner makes a new link; null for everybody else. */
  readonly onManage: (() => void) | null;
  readonly children: VNode;
};

export function LivingLink({ link, onManage, children }: Props) {
  return useIsDead(link) ? <DeadLink onManage={onManage} /> : children;
}

/** False as long as it isn't known: then the link is shown as ever. */
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
      <h3>This link lets in nobody any more</h3>
      <p>
        It was replaced, or it has expired. Those who are here stay.{" "}
        {onManage === null
          ? "For whom you invite, and for coming back yourself, ask whoever made the conversation for the new link."
          : "For others, and for coming back yourself, make a new one: the conversation is yours."}
      </p>
      {onManage !== null && (
        <button type="button" onClick={onManage}>
          Make a new link
        </button>
      )}
    </section>
  );
}
