/** Conversations that keep their frames, and readers of them. */
import type { ServerFrame } from "@ams/protocol";
import { account, type Minted, mint } from "./driver.ts";
import { type FrameOf, join, type Subscriber, type Wishes } from "./subscriber.ts";

export const REPLAY = { ttl_s: 600, max_bytes: 1_048_576 };

export const minted = async (replay = REPLAY) => mint(await account("ann"), { replay });

type KeptFrame = FrameOf<"token" | "stream_metadata">;

export type Replayed = {
  readonly reader: Subscriber;
  readonly live: FrameOf<"x_live">;
  readonly kept: readonly KeptFrame[];
};

/** Joins as the reader of this name, and waits until it is live. */
export async function replayed(
  link: Minted,
  query: Wishes["query"],
  wishes: Wishes = {},
): Promise<Replayed> {
  const as = wishes.as ?? (await account("bob"));
  const reader = await join(link, { ...wishes, as, query: query ?? {} });
  // One that reads slower than others write is caught up once they pause.
  const isLive = () => reader.frames.some(({ type }) => type === "x_live");
  await reader.see("x_live", isLive, 60_000);
  const live = await reader.next("x_live");
  return { reader, live, kept: keptOf(reader) };
}

function keptOf(reader: Subscriber): readonly KeptFrame[] {
  return reader.frames.filter(
    (frame): frame is KeptFrame =>
      (frame.type === "token" || frame.type === "stream_metadata") && frame.replay === true,
  );
}

export const dataOf = (frames: readonly ServerFrame[]) =>
  frames.flatMap((frame) => (frame.type === "token" ? [frame.data] : []));

/** Says all of this and waits until the log has it. */
export async function keep(from: Subscriber, said: readonly string[]): Promise<void> {
  const last = said.length + from.frames.filter(({ type }) => type === "x_receipt").length;
  for (const data of said) from.say(data);
  const receipts = () => from.frames.filter(({ type }) => type === "x_receipt").length;
  await from.see("a receipt for each", () => receipts() >= last);
}

export async function emitter(link: Minted, wishes: Wishes = {}): Promise<Subscriber> {
  const as = wishes.as ?? (await account("ann"));
  return join(link, { name: "emitter", ...wishes, as, headers: { "x-ams-receipts": "true" } });
}
