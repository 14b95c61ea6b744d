/** The audit: what administrators and the provider itself did, without content, for 90 days. */
import type { Amp } from "./amp.ts";
import { isoOf } from "./http/fields.ts";

const KEEP_MS = 90 * 86_400_000;
/** Events that are kept. */
const EVENTS_MAX = 100_000;

export async function audit(
  { store, now, log }: Pick<Amp, "store" | "now" | "log">,
  event: string,
  about: Readonly<Record<string, string | number | null>>,
): Promise<void> {
  const atMs = now();
  const id = `${atMs}-${event}-${Math.random().toString(36).slice(2, 10)}`;
  log.info({ event: `audit_${event}` }, "an administrative act");
  const text = JSON.stringify({ event, at: isoOf(atMs), ...about });
  await store.write("audit", `audit:${id}`, text, KEEP_MS);
  await store.list("audit", "audit", id, atMs, EVENTS_MAX);
}
