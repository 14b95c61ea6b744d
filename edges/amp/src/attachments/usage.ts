/** How many bytes a tenant has uploaded in the last 7 days. */
import type { Amp } from "../amp.ts";

const DAY_MS = 86_400_000;
const DAYS = 7;
const TRIES_MAX = 20;

/** False when the tenant would have more than it may. */
export async function reserveBytes(amp: Amp, tenant: string, bytes: number): Promise<boolean> {
  const max = amp.config.AMS_AMP_ATTACHMENT_BYTES_PER_TENANT;
  if (max === 0) return true;
  const today = Math.floor(amp.now() / DAY_MS);
  const key = `attachment-bytes:${tenant}`;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const text = await amp.store.read(tenant, key);
    const days: Record<string, number> = text === null ? {} : JSON.parse(text);
    const recent = Object.entries(days).filter(([day]) => Number(day) > today - DAYS);
    const used = recent.reduce((sum, [, one]) => sum + one, 0);
    if (used + bytes > max) return false;
    const next = { ...Object.fromEntries(recent), [today]: (days[today] ?? 0) + bytes };
    const after = JSON.stringify(next);
    const isDone =
      text === null
        ? (await amp.store.claim(tenant, key, after, DAYS * DAY_MS)) === null
        : await amp.store.swap(tenant, key, text, after, DAYS * DAY_MS);
    if (isDone) return true;
  }
  return false;
}
