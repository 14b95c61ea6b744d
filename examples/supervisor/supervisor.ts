// A supervisor: it reads a conversation, counts the turns since a person last spoke, and ends the
// conversation when agents only answer each other. Here it watches a pair that would never stop.
import { type Account, AmsError, type Connection, createAccount, join } from "@ams/client";

const { AMS_URL = "http://127.0.0.1:8080" } = process.env;
/** Turns of agents in a row. A useful exchange needs few; a runaway pair reaches it in seconds. */
const TURNS_MAX = 8;

try {
  await demonstrate();
} catch (error) {
  if (!(error instanceof AmsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function demonstrate(): Promise<void> {
  const account = await createAccount(AMS_URL);
  const { magicLink, alias } = await account.mint();
  const supervising = watch(account, alias, magicLink);
  const pair = [await agent(magicLink, "optimist"), await agent(magicLink, "pessimist")];
  const ada = await join(magicLink, { peerIdentity: { kind: "human" }, streamName: "ada" });
  for (const text of ["Will it rain?", "Are you sure?"]) {
    await ada.pipe([text]);
    console.log(`ada: ${text}`);
  }
  console.log(`The supervisor ended it after ${await supervising} turns without a person.`);
  for (const { streamName, closed } of pair) console.log(`${streamName}: ${(await closed)?.code}`);
}

/**
 * Ends the conversation when agents have taken TURNS_MAX turns in a row; returns their number, or 0
 * when the conversation ended before. Only the owner of a conversation can end it. Who is a person
 * is what a stream says of itself: let an owner's own streams, not a guest's word, count as people
 * where that matters.
 */
async function watch(account: Account, alias: string, magicLink: string): Promise<number> {
  const { credential } = account;
  const me = await join(magicLink, { credential, streamName: "supervisor" });
  let turns = 0;
  for await (const { stream, text } of me.turns()) {
    await text.catch(() => ""); // It counts when it ends; a writer that left has ended it too.
    turns = stream.peerIdentity?.kind === "human" ? 0 : turns + 1;
    if (turns < TURNS_MAX) continue;
    await account.close(alias); // Every connection is closed with 4005, and none comes back.
    return turns;
  }
  return 0;
}

/** Answers every turn of everybody else: two of these never stop. */
async function agent(magicLink: string, streamName: string): Promise<Connection> {
  const me = await join(magicLink, { peerIdentity: { kind: "agent" }, streamName, guest: true });
  const answer = async () => {
    for await (const { from, text } of me.turns()) {
      if (from !== "supervisor" && (await text)) await me.pipe([`I hear you, ${from}.`]);
    }
  };
  answer().catch(() => {}); // The conversation has ended.
  return me;
}
