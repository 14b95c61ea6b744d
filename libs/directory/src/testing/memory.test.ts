/** The directory in memory: the contract, and its copies. */
import { expect, test } from "vitest";
import {
  type Heard,
  newAccount,
  newClaim,
  newConversation,
  START_MS,
  value,
  type World,
  whereOf,
} from "../contract/world.ts";
import { directoryContract } from "../directory.contract.ts";
import { openMemoryDirectory } from "./memory-directory.ts";

async function openWorld(): Promise<World> {
  const heard: Heard[] = [];
  const clock = { ms: START_MS };
  const announce = (channel: string, event: string) => {
    heard.push({ channel, event: JSON.parse(event) });
  };
  const directory = openMemoryDirectory({ announce, now: () => clock.ms });
  return {
    directory,
    other: directory,
    clock,
    heard: () => Promise.resolve([...heard]),
    dump: () => Promise.resolve([]),
    close: () => directory.close(),
  };
}

directoryContract("memory", openWorld);

test("a copy that is put back has forgotten what came after it, and may be put back again", async () => {
  const directory = openMemoryDirectory({ announce: () => undefined, now: () => START_MS });
  const account = value(await directory.createAccount(newAccount(), "credential"));
  const conversation = newConversation(account);
  value(await directory.mint({ conversation, linkHash: "x" }));
  const where = whereOf(conversation);
  const putBack = directory.copy();
  for (const _ of [1, 2]) {
    value(await directory.claim(newClaim(where, account)));
    expect(await directory.roster(where)).toHaveLength(1);
    putBack();
    expect(await directory.roster(where)).toHaveLength(0);
  }
  expect(value(await directory.claim(newClaim(where, account))).entry.epoch).toBe(1);
});
