/** Who the person of this browser is: a display name for all tabs, a stream name for this one. */
import { signal } from "@preact/signals";
import { inventName, newStreamName } from "../model/names.ts";
import { isSameName } from "../model/speaker.ts";
import { browser, session } from "../model/storage.ts";
import { claimName, isUsedByAnotherTab } from "./own-tabs.ts";

const NAME = "display name";

/** Null while the person has chosen none; then `displayName` is invented. */
const chosenName = signal<string | null>(browser.get(NAME) || null);

/** The chosen name, or one that this tab keeps until its person chooses. */
export function displayName(): string {
  if (chosenName.value !== null) return chosenName.value;
  const kept = session.get(NAME) ?? inventName();
  session.set(NAME, kept);
  return kept;
}

/** Another invented name, where somebody of these has the first one; a chosen name stays. */
export function avoidNames(taken: readonly string[]): string {
  const name = displayName();
  if (chosenName.value !== null || !taken.some((other) => isSameName(other, name))) return name;
  const other = inventName(taken);
  session.set(NAME, other);
  return other;
}

export function chooseName(name: string): void {
  chosenName.value = name;
  browser.set(NAME, name);
}

/**
 * The stream name of this tab in one conversation: the same after a reload, another one in a
 * duplicate of the tab.
 */
export async function streamNameFor(path: string): Promise<string> {
  const kept = session.get(`stream ${path}`);
  if (kept === null || (await isUsedByAnotherTab(kept))) return newStreamNameFor(path);
  claimName(kept);
  return kept;
}

/** Another one, where the old one is somebody else's now. */
export function newStreamNameFor(path: string): string {
  const name = newStreamName(displayName());
  keepStreamName(path, name);
  return name;
}

/** The name of this tab in one conversation from now on, as where its link demands one. */
export function keepStreamName(path: string, name: string): void {
  session.set(`stream ${path}`, name);
  claimName(name);
}
