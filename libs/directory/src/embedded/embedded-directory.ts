/** The directory within one process: a file for what must survive, memory for who is here. */
import { DEFAULT_PREFIX, openFile } from "@ams/store";
import { channelsUnder } from "../channels.ts";
import { type Directory, NOTHING_ELSE, type Outcome, type Removed } from "../directory.ts";
import { embeddedAccounts } from "./accounts.ts";
import { embeddedConversations } from "./conversations.ts";
import { nobodyHere } from "./here.ts";
import { embeddedHosting } from "./hosting.ts";
import { embeddedLeases } from "./leases.ts";
import { embeddedOutbox } from "./outbox.ts";
import { embeddedPeppers } from "./peppers.ts";
import { announceNotice, embeddedPlans } from "./plans.ts";
import { embeddedPresence } from "./presence.ts";
import { type Announce, look, type Store } from "./store.ts";
import { openTables, TABLES_MAX } from "./tables.ts";
import { embeddedUsage } from "./usage.ts";
import { embeddedWebhooks } from "./webhooks.ts";

export type EmbeddedDirectoryOptions = {
  /** A folder, of which one process at a time has the use. It is made if it isn't there. */
  readonly path: string;
  /** Is called with every event, in the step that causes it. It must not throw. */
  readonly announce: Announce;
  /** Called with the channel of a conversation that was removed: what else was kept of it goes. */
  readonly removed?: Removed;
  /** Unix milliseconds; the machine's clock unless given. */
  readonly now?: () => number;
};

/** A folder that can't be used, or a damaged file, is a fault in one sentence. */
export function openEmbeddedDirectory(
  options: EmbeddedDirectoryOptions,
): Outcome<Directory, string> {
  const { path, announce, removed = NOTHING_ELSE, now = Date.now } = options;
  const file = openFile(path, { name: "directory", tablesMax: TABLES_MAX });
  if (!file.ok) return file;
  const tables = openTables(file.value);
  const channels = channelsUnder(DEFAULT_PREFIX);
  const memory = { here: nobodyHere(), claims: new Map() };
  const store: Store = { tables, ...memory, channels, announce, removed, now };
  const accounts = embeddedAccounts(store);
  return {
    ok: true,
    value: {
      kind: "embedded",
      channels,
      ...embeddedPlans(store),
      ...accounts,
      ...embeddedHosting(store, accounts),
      ...embeddedUsage(store),
      announceNotice: async (notice) => announceNotice(store, notice),
      ...embeddedConversations(store),
      ...embeddedPresence(store),
      ...embeddedLeases(store),
      ...embeddedPeppers(store),
      ...embeddedOutbox(store),
      ...embeddedWebhooks(store),
      ping: () => look(() => pingFile(store)),
      close: () => file.value.close(),
    },
  };
}

function pingFile({ tables }: Store): number {
  const startMs = performance.now();
  tables.namespaces.doesExist("ping");
  return performance.now() - startMs;
}
