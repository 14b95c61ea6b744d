import { parseMagicLink } from "@ams/protocol";
import { afterEach, expect, test } from "vitest";
import type { ControlConfig } from "../config.ts";
import { openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

async function startWithTalk(overrides: Partial<ControlConfig> = {}) {
  open = await openTestControl(overrides);
  const { ask } = open;
  const bearer = (await open.account("acme")).credential;
  const body = { alias: "talk" };
  const { json } = await ask("POST", "/v1/acme/conversations", { bearer, body });
  const look = async (link: string) =>
    (await ask("GET", `/v1/acme/conversations/talk${new URL(link).search}`)).status;
  const replace = (given?: unknown) =>
    ask("POST", "/v1/acme/conversations/talk/link", { bearer, body: given });
  const first: string = json.magic_link;
  return { ask, bearer, first, look, replace };
}

test("§2.7 a new link works and the earlier one no more", async () => {
  const { first, look, replace } = await startWithTalk();
  expect(await look(first)).toBe(200);
  const { status, json } = await replace();
  expect([status, Object.keys(json)]).toEqual([200, ["magic_link"]]);
  expect(parseMagicLink(json.magic_link)).toMatchObject({ namespace: "acme", alias: "talk" });
  expect([await look(first), await look(json.magic_link)]).toEqual([403, 200]);
});

test.each([{}, { keep_connected: true }, { keep_connected: false }, { keep_connected: null }])(
  "§2.7.1 %j ends the earlier links",
  async (body) => {
    const { first, look, replace } = await startWithTalk();
    expect((await replace(body)).status).toBe(200);
    expect(await look(first)).toBe(403);
  },
);

test.each(["true", 1, [], {}])(
  "§2.7.1 keep_connected %j is 400, and the link lives",
  async (wrong) => {
    const { first, look, replace } = await startWithTalk();
    const answer = await replace({ keep_connected: wrong });
    expect([answer.status, answer.json.error]).toEqual([400, "invalid_keep_connected"]);
    expect(await look(first)).toBe(200);
  },
);

test("§2.7 only the owner replaces a link", async () => {
  const { ask, first, look } = await startWithTalk();
  const stranger = (await open?.account("other"))?.credential ?? "";
  const path = "/v1/acme/conversations/talk/link";
  const answer = await ask("POST", path, { bearer: stranger, body: "no JSON" });
  expect([answer.status, answer.json.error]).toEqual([403, "namespace_mismatch"]);
  expect(await look(first)).toBe(200);
});

test("§2.7.3 a link to nothing can't be replaced", async () => {
  const { ask, bearer } = await startWithTalk();
  const answer = await ask("POST", "/v1/acme/conversations/absent/link", { bearer });
  expect([answer.status, answer.json.error]).toEqual([404, "not_found"]);
});

test("§1.6 a token in clear is in its link and in no store", async () => {
  const { first } = await startWithTalk();
  const token = parseMagicLink(first)?.token ?? "none";
  const address = { namespace: "acme", alias: "talk" } as never;
  const admission = await open?.directory.admission(address);
  expect(admission?.links).toHaveLength(1);
  expect(JSON.stringify(admission)).not.toContain(token);
});
