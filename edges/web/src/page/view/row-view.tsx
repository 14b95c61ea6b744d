/**
 * One row of the conversation. A passage that grows is written to its text node once per animation
 * frame.
 */
import type { ReadonlySignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Note, Passage } from "../model/rows.ts";
import { clockTime } from "../model/time.ts";
import { Badges, Face, NameOf } from "./speaker.tsx";

type PassageProps = {
  readonly passage: Passage;
  readonly tick: ReadonlySignal<number>;
  readonly isHeaded: boolean;
};

export function PassageRow({ passage, tick, isHeaded }: PassageProps) {
  const { speaker, isOwn, ts } = passage;
  return (
    <article class={`passage${isOwn ? " own" : ""}${isHeaded ? " headed" : ""}`}>
      {isHeaded && (
        <header>
          <Face speaker={speaker} />
          <NameOf speaker={speaker} />
          {isOwn && <span class="badge">you</span>}
          <Badges identity={speaker.peerIdentity} />
          <time dateTime={ts}>{clockTime(ts)}</time>
        </header>
      )}
      <GrowingText key={passage.key} passage={passage} tick={tick} />
    </article>
  );
}

/** Outside the views' own writing: nothing but `appendData` touches what is already there. */
function GrowingText({
  passage,
  tick,
}: {
  readonly passage: Passage;
  readonly tick: ReadonlySignal<number>;
}) {
  const place = useRef<HTMLParagraphElement>(null);
  useLayoutEffect(() => {
    const node = document.createTextNode("");
    place.current?.append(node);
    const stop = tick.subscribe(() => {
      if (node.length < passage.text.length) node.appendData(passage.text.slice(node.length));
    });
    return () => {
      stop();
      node.remove();
    };
  }, [passage, tick]);
  return <p class="text" dir="auto" ref={place} />;
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
