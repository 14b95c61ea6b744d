import { inspectedBody } from "@ams/protocol/schema";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";
import { joinStream } from "../testing/directory.ts";

let open: TestControl;
let bearer: string;
let path: string;
let token: string;

beforeEach(async () => {
  open = await openTestControl();
  bearer = (await open.account("acme")).credential;
  const { json } = await open.ask("POST", "/v1/acme/conversations", {
    bearer,
    body: { alias: "talk", metadata: { a: 1 }, expires_in_s: 60, max_joins: 2 },
  });
  path = "/v1/acme/conversations/talk";
  token = new URL(json.magic_link).searchParams.get("t") ?? "";
});
afterEach(() => open.close());

test("§2.5 the link's token shows the conversation without a credential", async () => {
  const answer = await open.ask("GET", `${path}?t=${token}`);
  expect(answer.status).toBe(200);
  expect(() => inspectedBody.parse(answer.json)).not.toThrow();
  expect(answer.json).toMatchObject({ alias: "talk", metadata: { a: 1 }, streams: [] });
  expect(answer.text).not.toContain(token);
});

test("§2.5.2 live streams are shown in the order in which they joined", async () => {
  await joinStream(open.directory, "talk", { name: "b", joinedAt: "2026-01-01T00:00:02.000Z" });
  const withIdentity = '{"kind":"agent","model":"m-1"}';
  await joinStream(open.directory, "talk", {
    name: "a",
    joinedAt: "2026-01-01T00:00:01.000Z",
    metadata: '{"n":1.0}',
    peerIdentity: withIdentity,
  });
  const { json, text } = await open.ask("GET", `${path}?t=${token}`);
  expect(json.streams.map((stream: { stream_name: string }) => stream.stream_name)).toEqual([
    "a",
    "b",
  ]);
  expect(text).toContain(`"metadata":{"n":1.0},"peer_identity":${withIdentity}`);
  expect(Object.keys(json.streams[1])).toEqual([
    "stream_id",
    "stream_name",
    "owner_account_id",
    "metadata",
    "joined_at",
  ]);
});

test("§2.5 an account with a live stream may look, and no longer once it left", async () => {
  const guest = await open.account("other");
  const refused = await open.ask("GET", path, { bearer: guest.credential });
  expect([refused.status, refused.json.error]).toEqual([403, "invalid_token"]);
  const leave = await joinStream(open.directory, "talk", { name: "a", account: guest.account_id });
  expect((await open.ask("GET", path, { bearer: guest.credential })).status).toBe(200);
  await leave();
  expect((await open.ask("GET", path, { bearer: guest.credential })).status).toBe(403);
});

test("§2.5.1 no credential at all is 401, whatever the alias", async () => {
  for (const alias of ["talk", "absent", "Not-One"]) {
    for (const query of ["", "?t=", "?other=1"]) {
      const answer = await open.ask("GET", `/v1/acme/conversations/${alias}${query}`);
      expect([answer.status, answer.json.error]).toEqual([401, "missing_credential"]);
    }
  }
});

test("§2.5.1 a wrong credential is 401, also for an alias that doesn't exist", async () => {
  for (const alias of ["talk", "absent"]) {
    const answer = await open.ask("GET", `/v1/acme/conversations/${alias}`, {
      bearer: `ams_sk_${"a".repeat(43)}`,
    });
    expect([answer.status, answer.json.error]).toEqual([401, "invalid_credential"]);
  }
});

test.each(["x", "a".repeat(43), "%FF", "a".repeat(5000)])(
  "§2.5.1 the wrong token %s is 403",
  async (wrong) => {
    const answer = await open.ask("GET", `${path}?t=${wrong}`);
    expect([answer.status, answer.json.error]).toEqual([403, "invalid_token"]);
  },
);

test("§2.5.1 an alias or namespace that doesn't exist is 404", async () => {
  for (const address of [
    "acme/conversations/absent",
    "absent/conversations/talk",
    "v1/conversations/talk",
  ]) {
    const answer = await open.ask("GET", `/v1/${address}?t=${token}`);
    expect([answer.status, answer.json.error]).toEqual([404, "not_found"]);
  }
});

test("§2.5.1 when token and credential are both there, either opens", async () => {
  const wrongToken = await open.ask("GET", `${path}?t=${"a".repeat(43)}`, { bearer });
  expect(wrongToken.status).toBe(200);
  const wrongBearer = await open.ask("GET", `${path}?t=${token}`, { bearer: "nonsense" });
  expect(wrongBearer.status).toBe(200);
});

test("§2.5.1 an expired link shows nothing, and the owner still looks", async () => {
  open.clock.ms += 59_999;
  expect((await open.ask("GET", `${path}?t=${token}`)).status).toBe(200);
  open.clock.ms += 1;
  const expired = await open.ask("GET", `${path}?t=${token}`);
  expect([expired.status, expired.json.error]).toEqual([403, "invalid_token"]);
  expect((await open.ask("GET", path, { bearer })).status).toBe(200);
});

test("§2.5.1 a link whose joins are used up still shows", async () => {
  await joinStream(open.directory, "talk", { name: "a" });
  await joinStream(open.directory, "talk", { name: "b" });
  await expect(joinStream(open.directory, "talk", { name: "c" })).rejects.toThrow();
  const { json, status } = await open.ask("GET", `${path}?t=${token}`);
  expect([status, json.streams.length]).toEqual([200, 2]);
});

test("§2.1.6 a wrong link without a credential reads no roster", async () => {
  const read = vi.spyOn(open.directory, "roster");
  const wrong = `${token.slice(0, -2)}${token.endsWith("AA") ? "BB" : "AA"}`;
  expect((await open.ask("GET", `${path}?t=${wrong}`)).status).toBe(403);
  expect(read).not.toHaveBeenCalled();
  expect((await open.ask("GET", `${path}?t=${token}`)).status).toBe(200);
  expect(read).toHaveBeenCalledTimes(1);
});
