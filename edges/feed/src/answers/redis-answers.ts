/**
 * Answers on Redis: any number of processes share them.
 *
 * | key | type | holds | ends |
 * |---|---|---|---|
 * | `ams-feed:format` | string | version of what lies here | never |
 * | `ams-feed:answer:<hash>` | string | answer in JSON, empty while it is sent | 24 h, 1 min |
 */
import { answered, confirmRedisFormat, connectRedis, textOf, whenReady } from "@ams/store";
import { ANSWER_MS, type Answers, CLAIM_MS, type Claim, type Sent } from "./answers.ts";

/** Milliseconds that Redis may take to answer at the start, before that is said and tried again. */
const READY_MS = 5_000;

/** Rejects with a sentence when the store can't be reached. */
export async function openRedisAnswers(url: string): Promise<Answers> {
  const connection = connectRedis(url, "command");
  if (!connection.ok) throw new Error(connection.fault);
  const { client } = connection.value;
  try {
    await whenReady(connection.value, READY_MS);
    await confirmRedisFormat(client, "ams-feed:format");
  } catch (error) {
    client.disconnect();
    throw error;
  }
  const keyOf = (key: string) => `ams-feed:answer:${key}`;
  return {
    async claim(key): Promise<Claim> {
      const reply = client.set(keyOf(key), "", "PX", CLAIM_MS, "NX", "GET");
      const known = textOf(await answered("SET", reply));
      if (known === null) return { kind: "claimed" };
      return known === "" ? { kind: "pending" } : { kind: "answered", sent: JSON.parse(known) };
    },
    async keep(key, sent: Sent) {
      await answered("SET", client.set(keyOf(key), JSON.stringify(sent), "PX", ANSWER_MS));
    },
    async release(key) {
      await answered("DEL", client.del(keyOf(key)));
    },
    close: async () => client.disconnect(),
  };
}
