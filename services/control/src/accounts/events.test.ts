import { afterEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

async function start(wrap?: Parameters<typeof openTestControl>[1]) {
  open = await openTestControl({}, wrap);
  const { ask } = open;
  const bearer = (await open.account("acme")).credential;
  const list = async (query = "") => ask("GET", `/v1/account/events${query}`, { bearer });
  return { ask, bearer, list };
}

test("§2.2.12 each action is kept with its actor, its target and the request that did it", async () => {
  const { ask, bearer, list } = await start();
  const talk = "/v1/acme/conversations/talk";
  await ask("POST", "/v1/acme/conversations", { bearer, body: { alias: "talk" } });
  const body = { name: "k", scopes: ["full"] };
  const key = (await ask("POST", "/v1/account/keys", { bearer, body })).json;
  const by = { bearer: key.credential };
  const made = await ask("POST", `${talk}/links`, by);
  await ask("DELETE", `${talk}/links/link_2`, by);
  await ask("POST", `${talk}/link`, { bearer });
  await ask("POST", "/v1/account/credential", { bearer, body: { grace_s: 60 } });
  await ask("DELETE", talk, { bearer });
  await ask("DELETE", `/v1/account/keys/${key.key_id}`, { bearer });
  const { events, next_cursor } = (await list()).json;
  expect(next_cursor).toBeNull();
  const shown = events.map(({ action, actor, target }: Record<string, string>) => [
    action,
    actor,
    target,
  ]);
  expect(shown.reverse()).toEqual([
    ["account_created", "credential", null],
    ["key_created", "credential", key.key_id],
    ["link_created", key.key_id, "talk link_2"],
    ["link_revoked", key.key_id, "talk link_2"],
    ["links_replaced", "credential", "talk"],
    ["credential_rotated", "credential", null],
    ["conversation_deleted", "credential", "talk"],
    ["key_revoked", "credential", key.key_id],
  ]);
  const requestId = made.headers.get("x-request-id");
  expect(requestId).toMatch(/^req_[\w-]{16}$/);
  expect(events.map((event: { request_id: string }) => event.request_id)).toContain(requestId);
});

test("§2.2.12 what was refused is not in it, and its pages are complete", async () => {
  const { ask, bearer, list } = await start();
  await ask("DELETE", "/v1/account/keys/none", { bearer });
  for (const name of ["one", "two", "three"]) {
    await ask("POST", "/v1/account/keys", { bearer, body: { name, scopes: ["read"] } });
  }
  const ids: string[] = [];
  let query = "?limit=1";
  for (let page = 0; page < 4; page += 1) {
    const { json } = await list(query);
    ids.push(...json.events.map((event: { event_id: string }) => event.event_id));
    query = `?limit=1&cursor=${json.next_cursor}`;
    expect(json.next_cursor === null).toBe(page === 3);
  }
  expect([...ids].sort().reverse()).toEqual(ids);
  expect((await list("?cursor=x")).json.error).toBe("invalid_cursor");
  expect((await list("?limit=0")).json.error).toBe("invalid_limit");
});

test("§2.2.12 it is for the account alone", async () => {
  const { ask, bearer } = await start();
  const body = { name: "k", scopes: ["read", "mint", "join"] };
  const { credential } = (await ask("POST", "/v1/account/keys", { bearer, body })).json;
  const refused = await ask("GET", "/v1/account/events", { bearer: credential });
  expect([refused.status, refused.json.error]).toEqual([403, "insufficient_scope"]);
  const stranger = (await open?.account("other"))?.credential ?? "";
  const { events } = (await ask("GET", "/v1/account/events", { bearer: stranger })).json;
  expect(events.map(({ action }: { action: string }) => action)).toEqual(["account_created"]);
});

test("§2.2.12 an action whose event can't be kept succeeds, and the loss is logged", async () => {
  const failing = (directory: TestControl["directory"]) => ({
    ...directory,
    recordEvent: () => Promise.reject(new Error("canary: full")),
  });
  const { ask, bearer } = await start(failing);
  const body = { name: "k", scopes: ["read"] };
  expect((await ask("POST", "/v1/account/keys", { bearer, body })).status).toBe(201);
  const lines = open?.lines.filter((line) => line.includes("audit_lost")) ?? [];
  expect(lines).toHaveLength(2);
});
