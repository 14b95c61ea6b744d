/** The tab's title: the conversation's, and how many messages came while nobody looked. */
import { useEffect } from "preact/hooks";
import type { Row } from "../model/rows.ts";
import type { Live } from "../wire/live.ts";
import { BRAND } from "./brand.ts";

export function useTabTitle(title: string, live: Live): void {
  useEffect(() => {
    let seenKey = lastKey(live.rows.all);
    const show = () => {
      if (document.visibilityState === "visible") seenKey = lastKey(live.rows.all);
      const count = countSince(live.rows.all, seenKey);
      const text = `${count === 0 ? "" : `(${count}) `}${title} · ${BRAND}`;
      if (document.title !== text) document.title = text;
    };
    const stop = live.tick.subscribe(show);
    document.addEventListener("visibilitychange", show);
    return () => {
      stop();
      document.removeEventListener("visibilitychange", show);
      document.title = BRAND;
    };
  }, [title, live]);
}

function lastKey(rows: readonly Row[]): number {
  return rows.at(-1)?.key ?? -1;
}

/** Messages of others after the row of this key; they are few, as the page shows the rest. */
function countSince(rows: readonly Row[], key: number): number {
  let count = 0;
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    const row = rows[index];
    if (row === undefined || row.key <= key) break;
    if (row.kind === "passage" && !row.isOwn && !row.isContinuation) count += 1;
  }
  return count;
}
