/** §2.7.5 to §2.7.9: links with terms of their own, on the wire. */
import { inspectedBody, linkCreatedBody, linksBody } from "@ams/protocol/schema";
import { expect, test } from "vitest";
import {
  type Account,
  account,
  expectProblem,
  HERE,
  http,
  type Minted,
  mint,
  THERE,
  tokenOf,
} from "./driver.ts";
import { dial, expectRefusal, join } from "./subscriber.ts";

type Made = Minted & { readonly link_id: string };

/** One more link of a conversation, as a conversation to join by it. */
async function makeLink(owner: Account, minted: Minted, body: object): Promise<Made> {
  const bearer = owner.credential;
  const answer = await http("POST", `${minted.path}/links`, { bearer, body });
  expect(answer.status, answer.text).toBe(201);
  const { link_id, magic_link } = linkCreatedBody.parse(answer.json);
  return { ...minted, link_id, magic_link, t: tokenOf(magic_link) };
}

const revoke = (owner: Account, { path, link_id }: Made) =>
  http("DELETE", `${path}/links/${link_id}`, { bearer: owner.credential });

async function listed(owner: Account, { path }: Minted) {
  const answer = await http("GET", `${path}/links`, { bearer: owner.credential });
  return linksBody.parse(answer.json).links;
}

test("§2.7.7 a revoked link closes the sockets that it admitted on every gateway, and no other", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const [gone, stays] = [await makeLink(ann, minted, {}), await makeLink(ann, minted, {})];
  const closed = [
    await join(gone, { as: bob, name: "b1", at: HERE }),
    await join(gone, { as: bob, name: "b2", at: THERE }),
    await join(gone, { as: ann, name: "a1", at: THERE }),
  ];
  const open = [
    await join(minted, { as: ann, name: "a2", at: HERE }),
    await join(stays, { as: bob, name: "b3", at: THERE }),
  ];
  expect((await revoke(ann, gone)).status).toBe(204);
  for (const socket of closed) {
    expect(await socket.ended()).toEqual({ code: 4001, reason: "link_revoked" });
  }
  await expectRefusal(dial(gone, { as: bob }), 4001, "invalid_magic_link");
  expectProblem(await http("GET", `${gone.path}?t=${gone.t}`), 403, "invalid_token");
  expectProblem(await revoke(ann, gone), 404, "not_found");
  open[0]?.say("still here?");
  await open[1]?.token("still here?");
  const links = await listed(ann, minted);
  expect(links).toMatchObject([
    { link_id: "link_1", uses: 1 },
    { link_id: stays.link_id, uses: 1 },
  ]);
});

test("§2.7.8 a read-only link admits to hear, and its first token or set_metadata ends the socket", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const quiet = await makeLink(ann, minted, { name: "audience", read_only: true });
  const speaker = await join(minted, { as: ann, name: "speaker", at: HERE });
  expect(speaker.joined.read_only).toBeUndefined();
  for (const frame of [
    { type: "token", data: "x" },
    { type: "set_metadata", metadata: {} },
  ]) {
    const reader = await join(quiet, { as: bob, name: "reader", at: THERE });
    expect(reader.joined.read_only).toBe(true);
    speaker.say("heard");
    await reader.token("heard");
    reader.send(frame);
    expect(await reader.ended()).toEqual({ code: 4400, reason: "read_only_link" });
  }
  const loud = await join(minted, { as: bob, name: "reader", at: THERE });
  loud.say("by the other link");
  await speaker.token("by the other link");
});

test("§2.7.9 a link of one name admits under it, and learns it by an inspection", async () => {
  const ann = await account("ann");
  const minted = await mint(ann);
  const named = await makeLink(ann, minted, { stream_name: "scribe" });
  const inspected = await http("GET", `${named.path}?t=${named.t}`);
  expect(inspectedBody.parse(inspected.json).link).toMatchObject({
    stream_name: "scribe",
    read_only: false,
  });
  const refused = dial(named, { as: ann, name: "other" });
  await expectRefusal(refused, 4400, "invalid_stream_name_header");
  const joined = await join(named, { as: ann, name: "" });
  expect(joined.joined.stream_name).toBe("scribe");
});

test("§2.7.5 a link of N joins admits N streams, again and again, and no more; an expired one nobody", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const two = await makeLink(ann, minted, { max_joins: 2 });
  await join(two, { as: ann, name: "one", at: HERE });
  const second = await join(two, { as: bob, name: "two", at: THERE });
  await expectRefusal(dial(two, { as: bob, name: "three" }), 4001, "invalid_magic_link");
  await join(two, { as: bob, name: "two", at: HERE });
  expect(await second.ended()).toEqual({ code: 4001, reason: "stream_displaced" });
  expect((await listed(ann, minted))[1]).toMatchObject({ max_joins: 2, joins: 2, uses: 3 });
  const brief = await makeLink(ann, minted, { expires_in_s: 1 });
  const early = await join(brief, { as: ann, name: "early" });
  await expect
    .poll(() => http("GET", `${brief.path}?t=${brief.t}`).then(({ status }) => status), {
      timeout: 10_000,
    })
    .toBe(403);
  await expectRefusal(dial(brief, { as: ann, name: "late" }), 4001, "invalid_magic_link");
  early.say("expiry ends admission only");
});
