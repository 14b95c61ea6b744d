/**
 * Gives screen readers the messages, a whole passage at a time: each token as it comes would be
 * noise.
 */
import { useEffect, useState } from "preact/hooks";
import { Announcing } from "../model/announcing.ts";
import type { Live } from "../wire/live.ts";

/** Milliseconds between two looks: a passage that has not grown in between is read out. */
const LOOK_MS = 2_000;

type Said = { readonly count: number; readonly lines: readonly string[] };

export function Announcer({ live }: { readonly live: Live }) {
  const [said, say] = useState<Said>({ count: 0, lines: [] });
  useEffect(() => {
    const announcing = new Announcing();
    const look = () => {
      const lines = announcing.look(live.rows.all);
      if (lines.length > 0) say(({ count }) => ({ count: count + 1, lines }));
    };
    const timer = setInterval(look, LOOK_MS);
    return () => clearInterval(timer);
  }, [live]);
  // Another element each time: the same words twice are read out twice.
  return (
    <div class="hidden" aria-live="polite">
      <div key={said.count}>
        {said.lines.map((line, index) => (
          <p key={index}>{line}</p>
        ))}
      </div>
    </div>
  );
}
