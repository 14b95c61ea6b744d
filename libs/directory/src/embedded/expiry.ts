/** Expired conversations in the file: an index ordered by the time at which each may go. */
import { EXPIRED_AGAIN_MS } from "../directory.ts";
import { type Conversation, removalMs } from "../records.ts";
import { type Store, step } from "./store.ts";
import { keyOf, type StoredConversation } from "./tables.ts";

/** Conversations that a step removes at most: some milliseconds. */
const REMOVED_AT_ONCE = 50;

/** The conversation's key in the index; null for one that doesn't expire. */
export function expiringKey(conversation: Conversation): string | null {
  const at = removalMs(conversation);
  return at === null ? null : keyAt(at, keyOf(conversation));
}

/** `removeOne` takes one away within the step; what it returns announces that afterwards. */
export function removeExpired(
  store: Store,
  removeOne: (stored: StoredConversation) => () => void,
): Promise<number> {
  const { tables, here, now } = store;
  const remove = () => {
    const due = [
      ...tables.expiring.getRange({ end: keyAt(now() + 1, ""), limit: REMOVED_AT_ONCE }),
    ];
    const removed: (() => void)[] = [];
    for (const { key, value: generation } of due) {
      const at = key.slice(key.indexOf(" ") + 1);
      const stored = tables.conversations.get(at);
      tables.expiring.removeSync(key);
      if (stored?.conversation.generation !== generation) continue;
      const live = here.rosters.get(at)?.live;
      const others = [...(live?.keys() ?? [])].filter((one) => one !== stored.optedIn?.observer);
      if (others.length > 0) {
        tables.expiring.putSync(keyAt(now() + EXPIRED_AGAIN_MS, at), generation);
      } else removed.push(removeOne(stored));
    }
    return removed;
  };
  const announce = (removed: readonly (() => void)[]) => {
    for (const announceClosed of removed) announceClosed();
  };
  return step(store, remove, announce).then(({ length }) => length);
}

/** Of 16 digits, so that the order of the keys is that of the times. */
function keyAt(ms: number, at: string): string {
  return `${String(ms).padStart(16, "0")} ${at}`;
}
