/** Which thread a message belongs to. */
import type { Amp } from "../amp.ts";
import type { Sending } from "./sending.ts";

type Thread = { readonly thread: string; readonly from: string; readonly to: string };

/**
 * The parent's thread where it is known and the sender was a party to it; else the thread that the
 * sender names, else the parent, else the message itself.
 */
export async function threadOf(
  amp: Amp,
  { sender, draft, id }: Pick<Sending, "sender" | "draft" | "id">,
): Promise<string> {
  const { in_reply_to, thread_id } = draft;
  const parent = in_reply_to === null ? null : await readThread(amp, in_reply_to);
  const isParty = parent !== null && [parent.from, parent.to].includes(sender.address);
  return (isParty ? parent.thread : null) ?? thread_id ?? in_reply_to ?? id;
}

async function readThread(amp: Amp, id: string): Promise<Thread | null> {
  const text = await amp.store.read(id, `thread:${id}`);
  return text === null ? null : JSON.parse(text);
}
