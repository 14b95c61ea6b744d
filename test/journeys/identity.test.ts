/**
 * Signed tokens and the operator's issuer against real processes: who joins by them, on which
 * gateway, and what ends them (§2.13).
 */
import { join as joinBySdk, openAccount } from "@ams/client";
import { type SigningKey, signBearerToken, signJoinLink } from "@ams/client/tokens";
import { OAuth2Server } from "oauth2-mock-server";
import { afterAll, expect, test } from "vitest";
import {
  type Account,
  controlUrl,
  createAccount,
  expectProblem,
  http,
  mint,
  unique,
} from "../conformance/driver.ts";
import { dial, expectRefusal, join } from "../conformance/subscriber.ts";
import { inCluster, onRedis } from "./journey.ts";

const GATEWAYS = 2;
const ENDED = { code: 4002, reason: "invalid_credential" };
const AUDIENCE = "https://ams.example";

const issuer = new OAuth2Server();
await issuer.issuer.keys.generate("ES256");
await issuer.start(0, "127.0.0.1");
afterAll(() => issuer.stop());

async function keyOf(account: Account, scopes: readonly string[]): Promise<SigningKey> {
  const body = { name: "backend", scopes };
  const answer = await http("POST", "/v1/account/keys", { bearer: account.credential, body });
  const { key_id, credential } = Object(answer.json);
  return { accountId: account.account_id, keyId: key_id, credential };
}

onRedis("on two gateways", () => {
  inCluster({
    gateways: GATEWAYS,
    env: {
      AMS_IDENTITY_ISSUER: issuer.issuer.url ?? "",
      AMS_IDENTITY_AUDIENCE: AUDIENCE,
      AMS_IDENTITY_JWKS_URL: `${issuer.issuer.url}/jwks`,
      AMS_IDENTITY_CREATES_ACCOUNTS: "true",
    },
  });

  test("§2.13.5 a join link admits its holder as the owner's stream, and ends with the key on every gateway", async () => {
    const owner = await createAccount();
    const minted = await mint(owner);
    const key = await keyOf(owner, ["join"]);
    const options = { conversationId: minted.conversation_id, streamName: "alice" };
    const link = { magic_link: signJoinLink(key, minted.magic_link, options) };
    // As a browser: it offers to be a guest, and is the owner's stream.
    const alice = await join(link, { at: 1, protocols: ["ams.v1", "ams.guest"] });
    expect(alice.joined).toMatchObject({
      stream_name: "alice",
      owner_account_id: owner.account_id,
    });
    const again = await join(link, { name: "bob" });
    expect(again.joined).toMatchObject({ stream_name: "alice", resumed: true });
    expect(await alice.ended()).toEqual({ code: 4001, reason: "stream_displaced" });
    const other = await mint(owner);
    const elsewhere = { magic_link: signJoinLink(key, other.magic_link, options) };
    await expectRefusal(dial(elsewhere), 4001, "invalid_magic_link");
    const path = new URL(link.magic_link).pathname + new URL(link.magic_link).search;
    const inspected = await http("GET", `/v1${path}`);
    expect(inspected.json).toMatchObject({ link: { stream_name: "alice", read_only: false } });
    await http("POST", `/v1${new URL(minted.magic_link).pathname}/link`, {
      bearer: owner.credential,
    });
    expect(again.endedByBroker).toBeNull();
    await http("DELETE", `/v1/account/keys/${key.keyId}`, { bearer: owner.credential });
    expect(await again.ended()).toEqual(ENDED);
    await expectRefusal(dial(link), 4001, "invalid_magic_link");
    expectProblem(await http("GET", `/v1${path}`), 403, "invalid_token");
  });

  test("§2.13.5 a reader's token hears and never speaks; a stranger's key opens nothing here", async () => {
    const [owner, eve] = [await createAccount(), await createAccount()];
    const minted = await mint(owner);
    const options = { conversationId: minted.conversation_id, streamName: "reader" };
    const key = await keyOf(owner, ["join"]);
    const link = signJoinLink(key, minted.magic_link, { ...options, readOnly: true });
    const writer = await join(minted, { as: owner, name: "writer" });
    const reader = await joinBySdk(link);
    writer.send({ type: "token", data: "hello" });
    for await (const event of reader.events()) {
      if (event.type !== "token") continue;
      expect(event.data).toBe("hello");
      break;
    }
    reader.close();
    const raw = await join({ magic_link: link });
    raw.send({ type: "token", data: "no" });
    expect(await raw.ended()).toEqual({ code: 4400, reason: "read_only_link" });
    const hers = signJoinLink(await keyOf(eve, ["full"]), minted.magic_link, options);
    await expectRefusal(dial({ magic_link: hers }), 4001, "invalid_magic_link");
  });

  test("§2.13.4 a signed bearer does what key and token say, and ends with its key", async () => {
    const owner = await createAccount();
    const minted = await mint(owner);
    const key = await keyOf(owner, ["join", "read"]);
    const token = signBearerToken(key, { scopes: ["join", "read", "mint"] });
    const account = await openAccount(controlUrl(), { credential: token });
    expect(account.namespace).toBe(owner.namespace);
    const path = `/v1/${owner.namespace}/conversations`;
    expect((await http("GET", path, { bearer: token })).status).toBe(200);
    expectProblem(await http("POST", path, { bearer: token }), 403, "insufficient_scope");
    const reading = signBearerToken(key, { scopes: ["read"] });
    const as = (credential: string) => ({ as: { ...owner, credential } });
    await expectRefusal(dial(minted, as(reading)), 4002, "insufficient_scope");
    const held = await join(minted, as(token));
    const browser = await join(minted, { protocols: ["ams.v1", `ams.bearer.${token}`] });
    await http("DELETE", `/v1/account/keys/${key.keyId}`, { bearer: owner.credential });
    expect(await held.ended()).toEqual(ENDED);
    expect(await browser.ended()).toEqual(ENDED);
    expectProblem(await http("GET", path, { bearer: token }), 401, "invalid_credential");
  });

  test("§2.13.1 an issuer's JWT makes its account, joins on any gateway, and its socket ends after it", async () => {
    const namespace = unique("ext");
    const issue = (claims: Record<string, unknown>) =>
      issuer.issuer.buildToken({
        scopesOrTransform: (_, payload) => {
          const own = { aud: AUDIENCE, ams_namespace: namespace, scope: "ams:full" };
          Object.assign(payload, own, claims);
        },
      });
    const token = await issue({});
    const account = await http("GET", "/v1/account", { bearer: token });
    expect(account.json).toMatchObject({ namespace, scopes: ["full"] });
    const owner = { ...Object(account.json), credential: token } as Account;
    const minted = await mint(owner);
    const held = await join(minted, { as: owner, at: 1 });
    const s = Math.floor(Date.now() / 1_000);
    const ending = await issue({ exp: s - 57 });
    const brief = await join(minted, { as: { ...owner, credential: ending } });
    expect(await brief.ended()).toEqual(ENDED);
    expect(held.endedByBroker).toBeNull();
    const reader = await issue({ scope: "ams:read" });
    const reading = { as: { ...owner, credential: reader } };
    await expectRefusal(dial(minted, reading), 4002, "insufficient_scope");
    const wrong = { as: { ...owner, credential: await issue({ aud: "other" }) } };
    await expectRefusal(dial(minted, wrong), 4002, "invalid_credential");
    const signedUp = await createAccount();
    const theirs = await issue({ ams_namespace: signedUp.namespace });
    expectProblem(await http("GET", "/v1/account", { bearer: theirs }), 401, "invalid_credential");
    // Whoever owns the account may end all of it.
    const keys = await http("GET", "/v1/account/keys", { bearer: token });
    const [key] = Object(keys.json).keys;
    expect(key.name).toBe("identity provider");
    await http("DELETE", `/v1/account/keys/${key.key_id}`, { bearer: token });
    expect(await held.ended()).toEqual(ENDED);
    expectProblem(await http("GET", "/v1/account", { bearer: token }), 401, "invalid_credential");
  });
});
