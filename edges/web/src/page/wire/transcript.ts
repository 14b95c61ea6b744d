/** Keeps what a tab shows of a conversation in the tab's storage, so that a reload has it again. */
import { Position } from "../model/position.ts";
import { session } from "../model/storage.ts";
import { readTranscript, writeTranscript } from "../model/transcript.ts";
import type { Live } from "./live.ts";

/** Milliseconds between two writes while messages come: each writes all of it. */
const WRITE_MS = 2_000;

/**
 * Shows what was kept, and keeps what comes, until the returned function is called. The latest is
 * written when the page goes away.
 */
export function keepTranscript(live: Live, path: string): () => void {
  const key = `transcript ${path}`;
  const positionKey = `position ${path}`;
  live.restore(readTranscript(session.get(key)));
  live.position = Position.from(session.get(positionKey));
  let timer: ReturnType<typeof setTimeout> | undefined;
  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    session.set(key, writeTranscript(live.rows.all));
    session.set(positionKey, live.position.toText());
  };
  const stop = live.tick.subscribe((tick) => {
    if (tick > 0) timer ??= setTimeout(write, WRITE_MS);
  });
  window.addEventListener("pagehide", write);
  return () => {
    stop();
    window.removeEventListener("pagehide", write);
    write();
  };
}
