/** Plans, rates and use of accounts over several gateways, one of which is killed (§2.10). */
import { openRedisDirectory } from "@ams/directory";
import { connectRedis } from "@ams/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Account, createAccount, http, mint, until } from "../conformance/driver.ts";
import { join, type Subscriber } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range, speakToAll } from "./journey.ts";

/** Milliseconds in which a change of a plan holds on every gateway (§2.10.2). */
const EFFECTIVE_MS = 2_000;

onRedis("accounts under plans on three gateways", () => {
  const cluster = inCluster({ gateways: 2 });
  let open: ReturnType<typeof openDirectory>;
  beforeAll(() => {
    open = openDirectory(cluster().redisUrl);
  });
  afterAll(() => open.client.disconnect());

  /** Puts the account under a plan of its own. */
  async function putUnder(account: Account, limits: Record<string, number>) {
    const { directory } = open;
    const name = account.namespace.slice(0, 32);
    const none = (await directory.plans()).find((plan) => plan.name === name)?.limits;
    const { limits: now } =
      (await directory.limitsOf(account.account_id as never)) ?? expect.fail();
    const empty = Object.fromEntries(Object.keys(now).map((key) => [key, null]));
    await directory.setPlan({ name, limits: { ...empty, ...none, ...limits } as never });
    await directory.setAccountPlan(account.account_id as never, name);
  }

  async function usedBy({ credential: bearer }: Account) {
    const { json } = await http("GET", "/v1/account/usage", { bearer });
    const hours = (json as { hours: Record<string, number>[] }).hours;
    const sum = (name: string) => hours.reduce((total, hour) => total + (hour[name] ?? 0), 0);
    return { tokens: sum("tokens_in"), deliveries: sum("deliveries"), peak: sum("peak_streams") };
  }

  test("§2.10.2 §2.10.4 a rate that is set while everything runs holds on both gateways, its limit is named, and others feel nothing", async () => {
    const [loud, quiet] = [await createAccount(), await createAccount()];
    const minted = await mint(loud);
    const other = await mint(quiet);
    const speakers = await Promise.all(
      [0, 1].map((at) => join(minted, { as: loud, name: `loud-${at}`, at })),
    );
    const bystander = await join(other, { as: quiet, name: "speaker", at: 0 });
    const reader = await join(other, { as: quiet, name: "reader", at: 1 });
    await putUnder(loud, { frames_per_second: 20, streams_max: 2 });
    const beganMs = performance.now();
    const until4290 = speakers.map(async (one) => {
      const closed = one.ended();
      let isOpen = true;
      void closed.then(() => {
        isOpen = false;
      });
      for (let n = 0; isOpen; n += 1) {
        one.say(`word ${n}`);
        if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return closed;
    });
    bystander.say("undisturbed");
    await reader.token("undisturbed");
    for (const closed of await Promise.all(until4290)) {
      expect(closed).toMatchObject({ code: 4290, reason: "rate_limited" });
    }
    expect(performance.now() - beganMs).toBeLessThan(EFFECTIVE_MS + 8_000);
    for (const one of speakers) {
      const notice = one.frames.find(({ type }) => type === "x_notice");
      expect(notice).toMatchObject({ level: "error", text: expect.stringContaining("20 frames") });
    }
    bystander.say("still undisturbed");
    await reader.token("still undisturbed");
    await until(
      async () => (await http("GET", "/v1/account", { bearer: loud.credential })).json,
      (shown) => JSON.stringify(shown).includes('"frames_per_second":20'),
    );
    const events = await http("GET", "/v1/account/events", { bearer: loud.credential });
    expect(JSON.stringify(events.json)).toContain("frames_per_second 20");
  });

  test("§2.10.5 what was used is counted once over gateways; a killed one loses what it has not handed in", async () => {
    const victim = await cluster().addGateway();
    speakToAll(cluster());
    const at = cluster().gateways.indexOf(victim);
    const owner = await createAccount();
    const minted = await mint(owner);
    const readers = await Promise.all(
      [0, 1].map((where) => join(minted, { as: owner, name: `reader-${where}`, at: where })),
    );
    const speaker = await join(minted, { as: owner, name: "speaker", at });
    const first = await speak(speaker, readers, 0, 300);
    await until(
      () => usedBy(owner),
      ({ tokens }) => tokens === first,
    );
    await victim.kill();
    expect((await speaker.ended()).code).toBe(1006);
    // Everything was handed in before, and nothing is counted twice.
    expect(await usedBy(owner)).toMatchObject({ tokens: first, peak: 3 });
    const heir = await join(minted, { as: owner, name: "speaker", at: 1 });
    const second = await speak(heir, readers, first, 200);
    await until(
      () => usedBy(owner),
      ({ tokens, deliveries }) => tokens === first + second && deliveries === 2 * tokens,
    );
  });

  test("§4.10 a notice comes to everybody, or to the sockets of one account", async () => {
    const [ann, bob] = [await createAccount(), await createAccount()];
    const minted = await mint(ann);
    const [one, other] = [
      await join(minted, { as: ann, name: "ann", at: 0 }),
      await join(minted, { as: bob, name: "bob", at: 1 }),
    ];
    const { directory } = open;
    const account_id = ann.account_id as never;
    await directory.announceNotice({ account_id, level: "warning", text: "for ann" });
    await directory.announceNotice({ account_id: null, level: "info", text: "for all" });
    const texts = (reader: Subscriber) =>
      reader.frames.flatMap((frame) => (frame.type === "x_notice" ? [frame.text] : []));
    await one.see("both notices", () => texts(one).length === 2);
    await other.see("the one for all", () => texts(other).length === 1);
    expect([texts(one), texts(other)]).toEqual([["for ann", "for all"], ["for all"]]);
  });
});

/** Says so many words, and waits until both readers have heard the last one. */
async function speak(
  speaker: Subscriber,
  readers: readonly Subscriber[],
  from: number,
  count: number,
) {
  for (const n of range(count)) speaker.say(`word ${from + n}`);
  for (const reader of readers) await reader.token(`word ${from + count - 1}`);
  return count;
}

function openDirectory(url: string) {
  const connection = connectRedis(url, "command");
  if (!connection.ok) throw new Error(connection.fault);
  const { client } = connection.value;
  return { client, directory: openRedisDirectory({ commands: client, sharded: false }) };
}
