/** Tells screen readers what was said, a whole passage at a time: each token as it comes would be noise. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Row } from "../model/rows.ts";
import type { Live } from "../wire/live.ts";

/** Milliseconds between two looks: a passage that has not grown in between is read out. */
const LOOK_MS = 2_000;
/** Characters of a passage that are read out: who wants more finds it in the conversation. */
const READ_CHARACTERS_MAX = 500;

export function Announcer({ live }: { readonly live: Live }) {
  const [words, setWords] = useState("");
  const heard = useRef({ key: -1, growing: -1, length: 0 });
  useEffect(() => {
    const look = () => {
      const last = live.rows.all.at(-1);
      if (last === undefined || last.key === heard.current.key) return;
      const { length } = last.text;
      const isGrowing = heard.current.growing !== last.key || heard.current.length !== length;
      heard.current = { ...heard.current, growing: last.key, length };
      if (isGrowing) return;
      heard.current.key = last.key;
      setWords(spoken(last));
    };
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [live]);
  return (
    <p class="hidden" aria-live="polite">
      {words}
    </p>
  );
}

/** One's own words need no reading out. */
function spoken(row: Row): string {
  if (row.kind === "passage" && row.isOwn) return "";
  const { speaker, text } = row;
  const name = speaker === null ? "" : `${speaker.displayName ?? speaker.streamName}: `;
  return `${name}${text.slice(0, READ_CHARACTERS_MAX)}`;
}
