/** What is shown of a magic link as long as it works; else a sentence in place of a dead link. */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { limitsOf } from "../model/link-terms.ts";
import { type LinkLife, UNKNOWN, watchLink } from "../wire/link-life.ts";

type Props = {
  readonly link: string;
  /** Leads to where the owner makes a new link; null for everybody else. */
  readonly onManage: (() => void) | null;
  readonly children: ComponentChildren;
};

export function LinkWhileAlive({ link, onManage, children }: Props): ComponentChildren {
  return useLinkLife(link).isDead ? <DeadLink onManage={onManage} /> : children;
}

/** What is known of the link; as long as nothing is, it is shown as one without limits. */
export function useLinkLife(link: string): LinkLife {
  const [life, setLife] = useState(UNKNOWN);
  useEffect(() => {
    setLife(UNKNOWN);
    return watchLink(link, setLife);
  }, [link]);
  return life;
}

/** Beside an open conversation: what its link allows, and until when; nothing without limits. */
export function LinkLimits({ link }: { readonly link: string }) {
  const life = useLinkLife(link);
  if (life.isDead) return null;
  const limits = limitsOf(life.terms, Date.now());
  if (limits === "no limits") return null;
  return (
    <p class="link-limits soft small" role="note">
      This link: <bdi>{limits}</bdi>
    </p>
  );
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
