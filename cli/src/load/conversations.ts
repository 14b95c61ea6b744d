/** The conversations of a scenario, made for one run by the account and closed after it. */
import type { Account, Minted } from "@ams/client";
import type { Scenario } from "@ams/loadtest";
import type { Context } from "../options/context.ts";
import { accountOf, settingsOf } from "../options/settings.ts";
import { startProgress } from "../terminal/progress.ts";

/** Requests under way at once. */
const AT_ONCE = 8;
/** Seconds after which the links end, though the run could not close them: a day and an hour. */
const LINKS_S = 90_000;
/** What is kept where readers by SSE need it (§7.1): they read what comes, and nothing old. */
const REPLAY = { ttlS: 600, maxBytes: 1_048_576 };

export type Made = {
  readonly links: readonly string[];
  /** A conversation that can't be closed is noted. */
  readonly close: () => Promise<void>;
};

export async function makeConversations(scenario: Scenario, context: Context): Promise<Made> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const options = {
    expiresInS: LINKS_S,
    ...(scenario.mix.sse > 0 ? { replay: REPLAY } : {}),
    signal,
  };
  const minted: Minted[] = [];
  const close = async () => {
    await each(minted, ({ alias }) => closeOne(account, alias, context));
  };
  const progress = startProgress(output, "making conversations");
  try {
    const numbers = Array.from({ length: scenario.conversations }, (_, number) => number);
    await each(numbers, async () => {
      minted.push(await account.mint(options));
      progress.set(minted.length, scenario.conversations, "conversations");
    });
  } catch (error) {
    await close();
    throw error;
  } finally {
    progress.end();
  }
  return { links: minted.map(({ magicLink }) => magicLink), close };
}

async function closeOne(account: Account, alias: string, { output }: Context): Promise<void> {
  await account.close(alias).catch(() => {
    output.warn(`The conversation ${alias} was not closed; its link ends within 25 hours.`);
  });
}

/** Rejects with the first fault, and then begins nothing more. */
async function each<Item>(items: readonly Item[], act: (item: Item) => Promise<void>) {
  const waiting = items.values();
  let hasFailed = false;
  const next = async () => {
    for (const item of waiting) {
      if (hasFailed) return;
      await act(item).catch((error) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
