/** A conversation for a test of its own, and subscribers of it, all gone when the test ends. */
import { type Connection, createAccount, join } from "@ams/client";
import { onTestFinished } from "vitest";

let namespaces = 0;

/** Mints a conversation of a new account at `url`. */
export async function mint(url: string) {
  namespaces += 1;
  const account = await createAccount(url, { namespace: `test-${process.pid}-${namespaces}` });
  const { magicLink, alias } = await account.mint();
  return { account, alias, magicLink };
}

/** Joins as a guest of this name. */
export async function joinAs(streamName: string, magicLink: string): Promise<Connection> {
  const me = await join(magicLink, { guest: true, streamName });
  onTestFinished(() => me.close());
  return me;
}

/** Resolves when a stream that fits is in the roster. */
export async function arrival(me: Connection, fits: (name: string) => boolean = () => true) {
  const find = () => [...me.peers.values()].find((peer) => fits(peer.streamName));
  const events = me.events();
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if ((await events.next()).done) throw new Error("The connection ended before anybody came.");
  }
}
