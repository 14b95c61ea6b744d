import { afterEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

async function startWithTalk() {
  open = await openTestControl();
  const { ask, clock } = open;
  const bearer = (await open.account("acme")).credential;
  await ask("POST", "/v1/acme/conversations", { bearer, body: { alias: "talk" } });
  const talk = "/v1/acme/conversations/talk";
  const make = (body?: unknown) => ask("POST", `${talk}/links`, { bearer, body });
  const list = async () => (await ask("GET", `${talk}/links`, { bearer })).json.links;
  const revoke = (id: string) => ask("DELETE", `${talk}/links/${id}`, { bearer });
  const look = (link: string) => ask("GET", `${talk}${new URL(link).search}`);
  return { ask, bearer, clock, talk, make, list, revoke, look };
}

test("§2.7.5 a link has the terms that were asked for, is shown once, and is listed without its token", async () => {
  const { make, list, clock } = await startWithTalk();
  const wish = { name: "Zuhörer", read_only: true, stream_name: "reader", max_joins: 2 };
  const { status, json } = await make({ ...wish, expires_in_s: 60 });
  const terms = {
    link_id: "link_2",
    ...wish,
    expires_at: new Date(clock.ms + 60_000).toISOString(),
    created_at: new Date(clock.ms).toISOString(),
  };
  expect([status, json]).toEqual([201, { ...terms, magic_link: expect.any(String) }]);
  const token = new URL(json.magic_link).searchParams.get("t");
  const links = await list();
  expect(links.map((link: { link_id: string }) => link.link_id)).toEqual(["link_1", "link_2"]);
  expect(links[1]).toEqual({ ...terms, joins: 0, uses: 0, last_used_at: null });
  expect(JSON.stringify([links, open?.lines])).not.toContain(token);
});

test("§2.7.5 without a body, and with nulls, a link is a plain one", async () => {
  const { make } = await startWithTalk();
  const plain = {
    name: null,
    read_only: false,
    stream_name: null,
    expires_at: null,
    max_joins: null,
  };
  expect((await make()).json).toMatchObject({ link_id: "link_2", ...plain });
  const nulls = {
    name: null,
    read_only: null,
    stream_name: "",
    expires_in_s: null,
    max_joins: null,
  };
  expect((await make(nulls)).json).toMatchObject({ link_id: "link_3", ...plain });
});

test.each([
  ["invalid_link_name", { name: "" }],
  ["invalid_link_name", { name: "x".repeat(65) }],
  ["invalid_link_name", { name: "a\nb" }],
  ["invalid_link_name", { name: "\ud800" }],
  ["invalid_link_name", { name: 5 }],
  ["invalid_read_only", { read_only: "true" }],
  ["invalid_stream_name", { stream_name: "no spaces" }],
  ["invalid_expiry", { expires_in_s: 0 }],
  ["invalid_expiry", { expires_in_s: 31_536_001 }],
  ["invalid_max_joins", { max_joins: 1_001 }],
  ["invalid_max_joins", { max_joins: 1.5 }],
  ["invalid_json", "[]"],
])("§2.7.5 %s: %j is 400, and no link is made", async (error, body) => {
  const { make, list } = await startWithTalk();
  const answer = await make(body);
  expect([answer.status, answer.json.error]).toEqual([400, error]);
  expect(await list()).toHaveLength(1);
});

test("§2.7.6 the 33rd link is refused with what to do", async () => {
  const { make, revoke } = await startWithTalk();
  for (let count = 2; count <= 32; count += 1) expect((await make()).status).toBe(201);
  const { status, json } = await make();
  expect([status, json.error]).toEqual([403, "link_limit"]);
  expect(json.message).toMatch(/32.*revoke/);
  await revoke("link_7");
  expect((await make()).status).toBe(201);
});

test("§2.7.7 one link is revoked and the others stay", async () => {
  const { make, list, revoke, look } = await startWithTalk();
  const [one, other] = [(await make()).json, (await make()).json];
  expect((await revoke(one.link_id)).status).toBe(204);
  expect([(await look(one.magic_link)).status, (await look(other.magic_link)).status]).toEqual([
    403, 200,
  ]);
  expect(await list()).toHaveLength(2);
  for (const id of [one.link_id, "link_99", "link_0", "link_01", "2", `link_${"9".repeat(40)}`]) {
    const again = await revoke(id);
    expect([id, again.status, again.json.error]).toEqual([id, 404, "not_found"]);
  }
});

test("§2.7.9 whoever shows a link learns its terms, until it expires; its owner's bearer shows none", async () => {
  const { make, look, clock, ask, bearer, talk } = await startWithTalk();
  const { json } = await make({ name: "audience", read_only: true, expires_in_s: 60 });
  const { link } = (await look(json.magic_link)).json;
  expect(link).toEqual({
    name: "audience",
    read_only: true,
    stream_name: null,
    expires_at: json.expires_at,
    max_joins: null,
  });
  expect((await ask("GET", talk, { bearer })).json.link).toBeUndefined();
  clock.ms += 60_000;
  expect((await look(json.magic_link)).status).toBe(403);
});

test.each([
  ["POST", "links"],
  ["GET", "links"],
  ["DELETE", "links/link_1"],
])("§2.7.5 %s %s is the owner's alone", async (method, path) => {
  const { ask, list } = await startWithTalk();
  const stranger = (await open?.account("other"))?.credential ?? "";
  const of = (alias: string) => `/v1/acme/conversations/${alias}/${path}`;
  expect((await ask(method, of("talk"))).json.error).toBe("missing_credential");
  const refused = await ask(method, of("talk"), { bearer: stranger });
  expect([refused.status, refused.json.error]).toEqual([403, "namespace_mismatch"]);
  expect(await list()).toHaveLength(1);
});

test.each(["POST", "GET"])("§2.7.3 %s of links of nothing is 404", async (method) => {
  const { ask, bearer } = await startWithTalk();
  const { status, json } = await ask(method, "/v1/acme/conversations/absent/links", { bearer });
  expect([status, json.error]).toEqual([404, "not_found"]);
});
