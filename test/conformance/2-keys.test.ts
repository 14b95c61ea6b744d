/** §2.2.8 to §2.2.10: keys of an account, on the wire. */
import { keyCreatedBody, keysBody } from "@ams/protocol/schema";
import { expect, test } from "vitest";
import { type Account, createAccount, expectProblem, HERE, http, mint, THERE } from "./driver.ts";
import { dial, expectRefusal, join } from "./subscriber.ts";

/** A key of the account, as an account to connect with. */
async function makeKey(owner: Account, ...scopes: readonly string[]) {
  const body = { name: "tested", scopes };
  const answer = await http("POST", "/v1/account/keys", { bearer: owner.credential, body });
  expect(answer.status, answer.text).toBe(201);
  const { key_id, credential } = keyCreatedBody.parse(answer.json);
  return { ...owner, key_id, credential };
}

test("§2.2.9 a key that may join holds streams of its account; another is 4002 insufficient_scope", async () => {
  const owner = await createAccount();
  const minted = await mint(owner);
  const [joiner, reader] = [await makeKey(owner, "join"), await makeKey(owner, "read", "mint")];
  const own = await join(minted, { as: owner, name: "own", at: HERE });
  const byKey = await join(minted, { as: joiner, name: "by-key", at: THERE });
  expect(byKey.joined.owner_account_id).toBe(own.joined.owner_account_id);
  byKey.say("hello");
  await own.token("hello");
  await expectRefusal(dial(minted, { as: reader, name: "late" }), 4002, "insufficient_scope");
  const path = `/v1/${owner.namespace}/conversations`;
  expectProblem(await http("GET", path, { bearer: joiner.credential }), 403, "insufficient_scope");
  expect((await http("GET", path, { bearer: reader.credential })).status).toBe(200);
});

test("§2.2.10 a revoked key ends the sockets that it admitted on every gateway, and no other", async () => {
  const owner = await createAccount();
  const minted = await mint(owner);
  const [gone, stays] = [await makeKey(owner, "join"), await makeKey(owner, "full")];
  const closed = [
    await join(minted, { as: gone, name: "one", at: HERE }),
    await join(minted, { as: gone, name: "two", at: THERE }),
  ];
  const open = await join(minted, { as: stays, name: "three", at: THERE });
  const bearer = owner.credential;
  const revoked = await http("DELETE", `/v1/account/keys/${gone.key_id}`, { bearer });
  expect(revoked.status).toBe(204);
  for (const socket of closed) {
    expect(await socket.ended()).toEqual({ code: 4002, reason: "invalid_credential" });
  }
  await expectRefusal(dial(minted, { as: gone }), 4002, "invalid_credential");
  expectProblem(
    await http("GET", "/v1/account", { bearer: gone.credential }),
    401,
    "invalid_credential",
  );
  open.say("still here");
  const { keys } = keysBody.parse((await http("GET", "/v1/account/keys", { bearer })).json);
  expect(keys.map(({ key_id }) => key_id)).toEqual([stays.key_id]);
  expect(keys[0]?.last_used_at).not.toBeNull();
});
