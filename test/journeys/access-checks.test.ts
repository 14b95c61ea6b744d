/**
 * Both access checks of a conversation that gateways have open already: what they remember of it
 * never lets
 * in, or turns away, against what stands now.
 */
import { expect, test } from "vitest";
import {
  type Account,
  createAccount,
  http,
  type Minted,
  mint,
  renewLink,
} from "../conformance/driver.ts";
import { dial, expectRefusal, join, type Wishes } from "../conformance/subscriber.ts";
import { inCluster, onRedis, range } from "./journey.ts";

const GATEWAYS = 2;

onRedis("on two gateways that have the conversation open", () => {
  inCluster({ gateways: GATEWAYS });

  /**
   * A conversation with somebody in it on each gateway, and an account that has joined it there
   * before.
   */
  async function open(body: Readonly<Record<string, unknown>> = {}) {
    const [owner, guest] = [await createAccount(), await createAccount()];
    const minted = await mint(owner, body);
    for (const at of range(GATEWAYS)) {
      await join(minted, { as: owner, name: `stays-${at}`, at });
      await join(minted, { as: guest, name: `known-${at}`, at });
    }
    return { owner, guest, minted };
  }

  async function refusedEverywhere(
    minted: Minted,
    wishes: Wishes,
    code: number,
    reason: string,
  ): Promise<void> {
    for (const at of range(GATEWAYS)) {
      await expectRefusal(dial(minted, { ...wishes, at }), code, reason);
    }
  }

  async function joinsEverywhere(minted: Minted, as: Account): Promise<void> {
    for (const at of range(GATEWAYS)) await join(minted, { as, at });
  }

  test("§2.7.1 a link that was replaced admits nobody more, and the new one does at once", async () => {
    const { owner, guest, minted } = await open();
    const renewed = await renewLink(owner, minted, { keep_connected: true });
    await refusedEverywhere(minted, { as: guest }, 4001, "invalid_magic_link");
    await joinsEverywhere(renewed, guest);
  });

  test("§2.2.4 a credential that was rotated away ends at once, also before a bad name, and the new one admits", async () => {
    const { guest, minted } = await open();
    const body = { grace_s: 0 };
    const bearer = guest.credential;
    const rotated = await http("POST", "/v1/account/credential", { bearer, body });
    expect(rotated.status).toBe(200);
    const { credential } = Object(rotated.json);
    await refusedEverywhere(minted, { as: guest }, 4002, "invalid_credential");
    await refusedEverywhere(minted, { as: guest, name: "-no" }, 4002, "invalid_credential");
    await joinsEverywhere(minted, { ...guest, credential: String(credential) });
  });

  test("§2.7.2 another conversation at the alias of one that was deleted has access checks of its own", async () => {
    const { owner, guest, minted } = await open();
    await http("DELETE", minted.path, { bearer: owner.credential });
    const again = await mint(owner, { alias: minted.alias });
    await refusedEverywhere(minted, { as: guest }, 4001, "invalid_magic_link");
    await joinsEverywhere(again, guest);
  });

  test("§3.3.3 a link that is used up is reported before a credential that has ended", async () => {
    const { guest, minted } = await open({ max_joins: 4 });
    const stranger = await createAccount();
    await refusedEverywhere(minted, { as: stranger }, 4001, "invalid_magic_link");
    const body = { grace_s: 0 };
    await http("POST", "/v1/account/credential", { bearer: guest.credential, body });
    await refusedEverywhere(minted, { as: guest }, 4001, "invalid_magic_link");
  });
});
