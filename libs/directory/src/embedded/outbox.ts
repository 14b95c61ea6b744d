/** Events for webhooks in the file, in the order in which they were appended for each owner. */
import type { AccountId } from "@ams/protocol";
import type { RosterEntry } from "../records.ts";
import {
  LIMIT_REPORT_MS,
  type LifecycleType,
  OUTBOX_EVENTS_MAX,
  OUTBOX_TTL_S,
  type Outbox,
  type OutboxEntry,
} from "../webhooks.ts";
import { storedAccount } from "./credentials.ts";
import { look, type Store, step } from "./store.ts";
import { keyOf, type StoredConversation, under } from "./tables.ts";

/** Events of one owner that one read takes: the others have their turn too. */
const EVENTS_AT_ONCE = 50;

/** Digits of the number of an event, so that the order of the keys is theirs. */
const DIGITS = 16;

type Data = Readonly<Record<string, unknown>>;

/** Within a step. False when too many wait. */
export function append({ tables, now }: Store, owner: string, type: string, data: Data): boolean {
  const count = tables.outboxes.get(owner) ?? { waiting: 0, made: 0, lost: 0 };
  const { waiting, made, lost } = count;
  if (waiting >= OUTBOX_EVENTS_MAX) {
    tables.outboxes.putSync(owner, { ...count, lost: lost + 1 });
    return false;
  }
  const entry = `${String(made + 1).padStart(DIGITS, "0")}`;
  tables.outbox.putSync(`${owner} ${entry}`, { at_ms: now(), type, data });
  tables.outboxes.putSync(owner, { waiting: waiting + 1, made: made + 1, lost });
  return true;
}

/** Within a step: of a conversation that opted in. */
export function lifecycle(
  store: Store,
  { conversation, optedIn }: StoredConversation,
  type: LifecycleType,
  more: Data = {},
): void {
  if (optedIn === undefined) return;
  const { namespace, conversation_id, alias } = conversation;
  append(store, namespace, type, { conversation_id, alias, ...more });
}

/** A stream has come (after it is in the roster) or has gone (after it is out of it). */
export function streamEvent(
  store: Store,
  stored: StoredConversation | null,
  entry: RosterEntry,
  type: "stream.joined" | "stream.left",
): void {
  const optedIn = stored?.optedIn;
  if (stored === null || optedIn === undefined || optedIn.observer === entry.stream_name) return;
  const live = store.here.rosters.get(keyOf(stored.conversation))?.live;
  const observed =
    optedIn.observer !== null && [...(live?.keys() ?? [])].some((one) => one === optedIn.observer)
      ? 1
      : 0;
  const count = (live?.size ?? 0) - observed;
  const { stream_id, stream_name, owner_account_id } = entry;
  store.tables.file.transactionSync(() => {
    if (type === "stream.joined" && count === 1) lifecycle(store, stored, "conversation.opened");
    lifecycle(store, stored, type, { stream_id, stream_name, owner_account_id });
    if (type === "stream.left" && count === 0) lifecycle(store, stored, "conversation.empty");
  });
}

/** A conversation's own limit was met: reported once in `LIMIT_REPORT_MS`. */
export function reportFull(store: Store, stored: StoredConversation, max: number): void {
  const data = { limit: "subscribers_max", max };
  if (stored.optedIn === undefined || !isReportable(store, `${keyOf(stored.conversation)}`)) return;
  store.tables.file.transactionSync(() => lifecycle(store, stored, "limit.reached", data));
}

/** A limit of an account was met. */
export function reportLimit(store: Store, id: AccountId, limit: string, max: number | null): void {
  if (!hasWebhook(store, id) || !isReportable(store, `${id} ${limit}`)) return;
  store.tables.file.transactionSync(() => append(store, id, "limit.reached", { limit, max }));
}

function hasWebhook(store: Store, id: AccountId): boolean {
  return Object.keys(storedAccount(store, id)?.webhooks ?? {}).length > 0;
}

function isReportable({ here, now }: Store, what: string): boolean {
  if (now() - (here.reported.get(what) ?? 0) < LIMIT_REPORT_MS) return false;
  for (const [other, atMs] of here.reported) {
    if (now() - atMs < LIMIT_REPORT_MS) break;
    here.reported.delete(other);
  }
  here.reported.set(what, now());
  return true;
}

export function embeddedOutbox(store: Store): Outbox {
  const { tables, now } = store;
  let after = "";
  return {
    readOutbox: (limit) =>
      step(store, () => {
        const owners = [...tables.outboxes.getRange({})]
          .filter(({ value }) => value.waiting > 0)
          .map(({ key }) => key);
        const turn = [
          ...owners.filter((one) => one > after),
          ...owners.filter((one) => one <= after),
        ];
        const found: OutboxEntry[] = [];
        for (const owner of turn) {
          if (found.length >= limit) break;
          for (const { key, value } of [
            ...tables.outbox.getRange({ ...under(owner), limit: EVENTS_AT_ONCE }),
          ]) {
            const { at_ms, type, data } = value;
            const entry = key.slice(owner.length + 1);
            if (at_ms + OUTBOX_TTL_S * 1_000 <= now()) remove(store, owner, entry);
            else found.push({ at: { partition: 0, owner, entry }, at_ms, owner, type, data });
          }
          after = owner;
        }
        return found.slice(0, limit);
      }),

    removeFromOutbox: (places) =>
      step(store, () => {
        for (const { owner, entry } of places) remove(store, owner, entry);
        let lost = 0;
        for (const owner of new Set(places.map((place) => place.owner))) {
          const count = tables.outboxes.get(owner);
          if (count === undefined || count.lost === 0) continue;
          lost += count.lost;
          tables.outboxes.putSync(owner, { ...count, lost: 0 });
        }
        return lost;
      }),

    appendToOutbox: (id, type, data) =>
      step(store, () => hasWebhook(store, id) && append(store, id, type, data)),

    reportLimit: (id, limit, max) =>
      look(() => reportLimit(store, id, limit, max)).catch(() => undefined),

    optIn: (address, optedIn) =>
      step(store, () => {
        const stored = tables.conversations.get(keyOf(address));
        if (stored === undefined) return { ok: false, fault: "not_found" };
        const { optedIn: _, ...rest } = stored;
        tables.conversations.putSync(
          keyOf(address),
          optedIn === null ? rest : { ...rest, optedIn },
        );
        return { ok: true, value: null };
      }),

    optedIn: (address) => look(() => tables.conversations.get(keyOf(address))?.optedIn ?? null),
  };
}

/** Within a step. */
function remove({ tables }: Store, owner: string, entry: string): void {
  const key = `${owner} ${entry}`;
  if (!tables.outbox.doesExist(key)) return;
  tables.outbox.removeSync(key);
  const count = tables.outboxes.get(owner);
  if (count === undefined) return;
  tables.outboxes.putSync(owner, { ...count, waiting: count.waiting - 1 });
}

/** Within a step: with the account. */
export function forgetOutbox({ tables }: Store, owner: string): void {
  for (const key of [...tables.outbox.getKeys(under(owner))]) tables.outbox.removeSync(key);
  tables.outboxes.removeSync(owner);
}
