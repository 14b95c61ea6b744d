/**
 * Sockets end with the credential that admitted them, on every gateway, also on one that missed the
 * news (§2.2.4).
 */
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { type Account, createAccount, expectProblem, http, mint } from "../conformance/driver.ts";
import { dial, expectRefusal, join } from "../conformance/subscriber.ts";
import { gatewayOf, inCluster, onRedis, range } from "./journey.ts";

const GATEWAYS = 2;
const ENDED = { code: 4002, reason: "invalid_credential" };

async function rotated(account: Account, body?: unknown): Promise<Account> {
  const answer = await http("POST", "/v1/account/credential", { bearer: account.credential, body });
  expect(answer.status).toBe(200);
  return { ...account, credential: String(Object(answer.json).credential) };
}

onRedis("on two gateways", () => {
  const cluster = inCluster({ gateways: GATEWAYS });

  /** An account with a stream on each gateway of somebody else's conversation. */
  async function setUp() {
    const [owner, ann] = [await createAccount(), await createAccount()];
    const minted = await mint(owner);
    const witness = await join(minted, { as: owner, name: "witness" });
    const held = await Promise.all(
      range(GATEWAYS).map((at) => join(minted, { as: ann, name: `held-${at}`, at })),
    );
    return { ann, minted, witness, held };
  }

  test("§2.2.4 the first use of the new credential ends what the old one admitted, and what the new one admitted stays", async () => {
    const { ann, minted, held } = await setUp();
    const newer = await rotated(ann);
    const more = await join(minted, { as: ann, name: "more" });
    for (const one of [...held, more]) expect(one.endedByBroker).toBeNull();
    const first = await join(minted, { as: newer, name: "first", at: 1 });
    for (const one of [...held, more]) expect(await one.ended()).toEqual(ENDED);
    await first.see("nobody of the old credential", () => first.peers.size === 1);
    expect(first.endedByBroker).toBeNull();
    await expectRefusal(dial(minted, { as: ann }), 4002, "invalid_credential");
  });

  test("§2.2.4 a grace ends what the old credential admitted at its time, also what joined within it", async () => {
    const { ann, minted, held } = await setUp();
    const newer = await rotated(ann, { grace_s: 1 });
    const within = await join(minted, { as: ann, name: "within" });
    const stays = await join(minted, { as: newer, name: "stays" });
    for (const one of [...held, within]) expect(await one.ended()).toEqual(ENDED);
    expect(stays.endedByBroker).toBeNull();
  });

  test("§2.2.4 a gateway that was cut off when credentials ended catches up, with rotations and deletions", async () => {
    const [one, two] = [await setUp(), await setUp()];
    const { pid } = gatewayOf(cluster(), 1);
    const killer = new Redis(cluster().redisUrl);
    process.kill(pid, "SIGSTOP");
    try {
      await killer.call("CLIENT", "KILL", "TYPE", "pubsub");
      await rotated(one.ann, { grace_s: 0 });
      await http("DELETE", "/v1/account", { bearer: two.ann.credential });
    } finally {
      process.kill(pid, "SIGCONT");
      killer.disconnect();
    }
    for (const ended of [...one.held, ...two.held]) expect(await ended.ended()).toEqual(ENDED);
    for (const { witness } of [one, two]) {
      await witness.see("that all have left", () => witness.peers.size === 0);
    }
  });

  test("§2.2.4 an account whose rotations' answers are lost is never locked out", async () => {
    const ann = await createAccount();
    for (const _lost of range(8)) await rotated(ann);
    const newer = await rotated(ann);
    expect((await http("GET", "/v1/account", { bearer: newer.credential })).status).toBe(200);
    const old = await http("GET", "/v1/account", { bearer: ann.credential });
    expectProblem(old, 401, "invalid_credential");
  });
});
