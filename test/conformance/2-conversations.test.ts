/** §2.4, §2.5, §2.7: conversations listed, inspected, given a new link, deleted. */
import { expect, test } from "vitest";
import {
  account,
  createAccount,
  expectProblem,
  HERE,
  http,
  inspect,
  list,
  mint,
  renewLink,
  THERE,
  until,
} from "./driver.ts";
import { base64, dial, expectRefusal, join } from "./subscriber.ts";

const OTHER_TOKEN = "A".repeat(43);

test("§2.4.1 pages through every conversation once, oldest first", async () => {
  const owner = await createAccount();
  expect(await list(owner)).toEqual({ conversations: [], next_cursor: null });
  const aliases: string[] = [];
  for (let count = 0; count < 5; count += 1) aliases.push((await mint(owner)).alias);
  for (const limit of [1, 2, 5, 1_000]) {
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const from: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await list(owner, `?limit=${limit}${from}`);
      expect(page.conversations.length).toBeLessThanOrEqual(limit);
      pages.push(page.conversations.map(({ alias }) => alias));
      cursor = page.next_cursor;
    } while (cursor !== null && pages.length < 10);
    expect(pages.flat(), `with limit ${limit}`).toEqual(aliases);
  }
});

test("§2.4 shows what was minted, and no link", async () => {
  const owner = await createAccount();
  const minted = await mint(owner, { metadata: { title: "x" }, expires_in_s: 600 });
  const { conversations } = await list(owner);
  const { conversation_id, alias, namespace, expires_at, created_at } = minted;
  const metadata = { title: "x" };
  const shown = { conversation_id, alias, namespace, expires_at, created_at, metadata };
  expect(conversations).toMatchObject([shown]);
  expect(JSON.stringify(conversations)).not.toContain(minted.t);
});

test("§2.4.1 a bad limit is 400 invalid_limit, a bad cursor 400 invalid_cursor", async () => {
  const { namespace, credential } = await account();
  const get = (query: string) =>
    http("GET", `/v1/${namespace}/conversations?${query}`, { bearer: credential });
  for (const limit of ["0", "-1", "1001", "1.5", "x", "1e2"]) {
    expectProblem(await get(`limit=${limit}`), 400, "invalid_limit");
  }
  for (const cursor of ["nonsense", "%00", "../..", "é", "-1"]) {
    expectProblem(await get(`cursor=${encodeURIComponent(cursor)}`), 400, "invalid_cursor");
  }
});

test("§2.5 shows conversation and live streams to the holder of the link", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann, { metadata: { title: "x" } });
  expect((await inspect(minted)).streams).toEqual([]);
  const peer_identity = { kind: "agent", model: "m-1" };
  const one = await join(minted, {
    as: ann,
    name: "one",
    headers: {
      "x-ams-stream-metadata": base64({ is: "one" }),
      "x-ams-peer-identity": base64(peer_identity),
    },
  });
  const two = await join(minted, { as: bob, name: "two", at: THERE });
  const shown = await inspect(minted);
  expect(shown).toMatchObject({
    conversation_id: minted.conversation_id,
    alias: minted.alias,
    metadata: { title: "x" },
    created_at: minted.created_at,
  });
  const byName = new Map(shown.streams.map((stream) => [stream.stream_name, stream]));
  expect([...byName.keys()].toSorted((a, b) => a.localeCompare(b))).toEqual(["one", "two"]);
  expect(byName.get("one")).toMatchObject({
    stream_id: one.id,
    owner_account_id: ann.account_id,
    metadata: { is: "one" },
    peer_identity,
  });
  expect(byName.get("two")).toMatchObject({ stream_id: two.id, metadata: {} });
  expect(byName.get("two")).not.toHaveProperty("peer_identity");
  one.leave();
  const left = await until(
    () => inspect(minted),
    ({ streams }) => streams.length === 1,
  );
  expect(left.streams[0]?.stream_id).toBe(two.id);
});

test("§2.5 is for the owner, and for an account while it has a live stream in it", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const as = (bearer: string) => http("GET", minted.path, { bearer });
  expect((await as(ann.credential)).status).toBe(200);
  expectProblem(await as(bob.credential), 403, "invalid_token");
  const subscriber = await join(minted, { as: bob });
  expect((await as(bob.credential)).status).toBe(200);
  subscriber.leave();
  const after = await until(
    () => as(bob.credential),
    ({ status }) => status !== 200,
  );
  expectProblem(after, 403, "invalid_token");
});

test("§2.5.1 neither token nor credential is 401 whatever the alias; the other refusals have their codes", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const nowhere = `/v1/${ann.namespace}/conversations/no-such-alias`;
  expectProblem(await http("GET", minted.path), 401, "missing_credential");
  expectProblem(await http("GET", nowhere), 401, "missing_credential");
  const bearer = OTHER_TOKEN;
  expectProblem(await http("GET", minted.path, { bearer }), 401, "invalid_credential");
  expectProblem(await http("GET", nowhere, { bearer: ann.credential }), 404, "not_found");
  expectProblem(await http("GET", `${nowhere}?t=${minted.t}`), 404, "not_found");
  expectProblem(await http("GET", `${minted.path}?t=${OTHER_TOKEN}`), 403, "invalid_token");
  expectProblem(await http("GET", `${minted.path}?t=short`), 403, "invalid_token");
});

test("§2.5.1 a link whose joins are used up can still inspect", async () => {
  const ann = await account();
  const minted = await mint(ann, { max_joins: 1 });
  await join(minted, { as: ann, name: "only" });
  await expectRefusal(dial(minted, { as: ann, name: "more" }), 4001, "invalid_magic_link");
  expect((await inspect(minted)).streams).toHaveLength(1);
});

test("§2.5.1 a token of one conversation opens no other, §8.3 no credential another's namespace", async () => {
  const ann = await account();
  const [one, two] = await Promise.all([mint(ann), mint(ann)]);
  expectProblem(await http("GET", `${two.path}?t=${one.t}`), 403, "invalid_token");
  const crossed = new URL(two.magic_link);
  crossed.searchParams.set("t", one.t);
  const attempt = dial({ magic_link: crossed.href }, { as: ann });
  await expectRefusal(attempt, 4001, "invalid_magic_link");
});

test("§2.7 ends every earlier one, and closes the sockets that they admitted, on every gateway", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const sockets = [
    await join(minted, { as: ann, at: HERE }),
    await join(minted, { as: bob, at: THERE }),
  ];
  const renewed = await renewLink(ann, minted);
  for (const socket of sockets) {
    expect(await socket.ended()).toEqual({ code: 4001, reason: "link_revoked" });
  }
  await expectRefusal(dial(minted, { as: ann }), 4001, "invalid_magic_link");
  expectProblem(await http("GET", `${minted.path}?t=${minted.t}`), 403, "invalid_token");
  const after = await join(renewed, { as: bob });
  expect(after.joined.conversation_id).toBe(minted.conversation_id);
  await until(
    () => inspect(renewed),
    ({ streams }) => streams.length === 1,
  );
});

test("§2.7.1 with keep_connected the sockets stay, and the old link admits nobody", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const early = await join(minted, { as: ann, name: "early", at: THERE });
  const renewed = await renewLink(ann, minted, { keep_connected: true });
  await expectRefusal(dial(minted, { as: ann, name: "late" }), 4001, "invalid_magic_link");
  const late = await join(renewed, { as: ann, name: "late" });
  late.say("still here?");
  await early.token("still here?");
  await early.drained();
});

test("§2.7.1 a bad keep_connected is 400 invalid_keep_connected, and changes nothing", async () => {
  const ann = await account();
  const minted = await mint(ann);
  for (const keep_connected of ["true", 1, {}, []]) {
    const body = { keep_connected };
    const answer = await http("POST", `${minted.path}/link`, { bearer: ann.credential, body });
    expectProblem(answer, 400, "invalid_keep_connected");
  }
  await join(minted, { as: ann });
});

test("§2.7.2 every socket is closed 4005, on every gateway, and the alias is free again", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const sockets = [
    await join(minted, { as: ann, at: HERE }),
    await join(minted, { as: bob, at: THERE }),
  ];
  const answer = await http("DELETE", minted.path, { bearer: ann.credential });
  expect(answer.status, answer.text).toBe(204);
  for (const socket of sockets) {
    expect(await socket.ended()).toEqual({ code: 4005, reason: "conversation_closed" });
  }
  await expectRefusal(dial(minted, { as: ann }), 4005, "conversation_not_found");
  const bearer = ann.credential;
  expectProblem(await http("GET", minted.path, { bearer }), 404, "not_found");
  const again = await mint(ann, { alias: minted.alias });
  expect(again.conversation_id).not.toBe(minted.conversation_id);
  await expectRefusal(dial(minted, { as: ann }), 4001, "invalid_magic_link");
  const { joined } = await join(again, { as: ann });
  expect(joined.peers).toEqual([]);
});

test("§2.7.3 an alias that doesn't exist is 404 not_found", async () => {
  const { namespace, credential } = await account();
  for (const alias of ["no-such-alias", "NoAlias", "%20"]) {
    const path = `/v1/${namespace}/conversations/${alias}`;
    expectProblem(await http("DELETE", path, { bearer: credential }), 404, "not_found");
    expectProblem(await http("POST", `${path}/link`, { bearer: credential }), 404, "not_found");
  }
});
