/** One row of the conversation: a passage with who wrote it, or a note. */
import { memo } from "preact/compat";
import type { DeliveryNotice } from "../model/delivery.ts";
import type { Note, Passage } from "../model/rows.ts";
import { clockTime } from "../model/time.ts";
import { Icon } from "./icons.tsx";
import { MessageText } from "./message-text.tsx";
import { Badges, Face, NameOf } from "./speaker.tsx";

/** How a passage goes on from the row above it. */
export type Join = "new speaker" | "next message" | "same message";

type PassageProps = {
  readonly passage: Passage;
  /** The passage changes in place: what is shown of it is given beside it. */
  readonly text: string;
  readonly isOpen: boolean;
  readonly isPending: boolean;
  readonly join: Join;
  readonly notice: DeliveryNotice | null;
  readonly onResend: (passage: Passage, text: string) => void;
};

export const PassageRow = memo(function PassageRow(props: PassageProps) {
  const { passage, text, isOpen, isPending, join, notice } = props;
  const { speaker, isOwn, ts } = passage;
  const classes = [
    "passage",
    ...(isOwn ? ["own"] : []),
    ...(join === "new speaker" ? ["headed"] : []),
    ...(join === "same message" ? ["continued"] : []),
    ...(isOpen ? ["growing"] : []),
    ...(isPending ? ["pending"] : []),
  ];
  return (
    <article class={classes.join(" ")}>
      {join === "new speaker" ? (
        <header>
          <Face speaker={speaker} />
          <NameOf speaker={speaker} />
          {isOwn && <span class="badge">you</span>}
          <Badges identity={speaker.peerIdentity} />
          <time dateTime={ts}>{clockTime(ts)}</time>
        </header>
      ) : (
        join === "next message" && (
          <time class="aside" dateTime={ts}>
            {clockTime(ts)}
          </time>
        )
      )}
      <MessageText text={text} isOpen={isOpen} />
      {notice !== null && <NoticeLine {...props} notice={notice} />}
    </article>
  );
}, isUnchanged);

/** A notice is made anew with each rendering: what it says is compared. */
function isUnchanged(before: PassageProps, after: PassageProps): boolean {
  return (
    before.passage === after.passage &&
    before.text === after.text &&
    before.isOpen === after.isOpen &&
    before.isPending === after.isPending &&
    before.join === after.join &&
    before.notice?.text === after.notice?.text &&
    before.onResend === after.onResend
  );
}

type NoticeProps = Pick<PassageProps, "passage" | "onResend"> & {
  readonly notice: DeliveryNotice;
};

function NoticeLine({ passage, onResend, notice: { text, isWarning, resend } }: NoticeProps) {
  return (
    <p class={`delivery small${isWarning ? " warn" : ""}`}>
      {isWarning && <Icon name="warning" />}
      <span>{text}</span>
      {resend !== null && (
        <button type="button" class="link-like" onClick={() => onResend(passage, resend)}>
          Resend
        </button>
      )}
    </p>
  );
}

export function NoteRow({ note: { about, speaker, text, ts } }: { readonly note: Note }) {
  return (
    <p class={`note ${about}`}>
      <span>
        {speaker !== null && <NameOf speaker={speaker} />} {text}
        {ts !== null && <time dateTime={ts}>{clockTime(ts)}</time>}
      </span>
    </p>
  );
}
