// Mail on a standalone: its port, its inboxes on the wire, and owners of tenants.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:net";
import { AmpClient, registerAgent } from "@ams/amp";
import { createAccount, join } from "@ams/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { listen, newAgent } from "./agents.ts";

let ams: Standalone;
let endpoint: string;
beforeAll(async () => {
  const port = await freePort();
  ams = await startStandalone({ AMS_AMP_PORT: String(port), AMS_AMP_REQUESTS_PER_MINUTE: "0" });
  endpoint = `http://127.0.0.1:${port}/v1`;
});
afterAll(() => ams.stop());

test("AMP 18: who holds an inbox's link hears that mail comes, and nothing of it", async () => {
  const alice = await newAgent(endpoint, "alice");
  const bob = await newAgent(endpoint, "bob");
  const { magic_link, conversation_id } = await bob.call("GET", "/agents/me/inbox");
  expect(conversation_id).toMatch(/^conv_/);
  const reader = await join(String(magic_link), { guest: true });
  const tokens = reader.tokens();
  const sent = await alice.send({ to: "bob", subject: "Secret", message: "payload" });
  const { value } = await tokens.next();
  const heard = JSON.parse(value?.data ?? "");
  expect(heard).toEqual({ amp: "ring", id: sent.id, n: 1, mac: expect.stringMatching(/^\w{32}$/) });
  // What anybody else says there is ignored.
  await reader.send(JSON.stringify({ amp: "ended", why: "forged", mac: "0".repeat(32) }));
  const socket = await listen(bob);
  await expect.poll(() => socket.ids).toEqual([sent.id]);
  const renewed = await bob.call("POST", "/agents/me/inbox");
  expect(renewed.magic_link).not.toBe(magic_link);
  await expect(join(String(magic_link), { guest: true })).rejects.toThrow();
  socket.close();
  await reader.close();
});

test("AMP 1: on the AMS port the same is below /amp, and sockets are elsewhere", async () => {
  const info = await fetch(`${ams.url}/amp/v1/info`);
  expect(info.status).toBe(200);
  const document = await fetch(`${ams.url}/.well-known/agent-messaging.json`);
  expect(await document.json()).toMatchObject({ endpoint: `${ams.url}/amp/v1` });
  const socket = await fetch(`${ams.url}/amp/v1/ws`);
  expect(socket.status).toBe(426);
  expect(await socket.json()).toMatchObject({
    error: "upgrade_required",
    details: { websocket_url: `${endpoint.replace("http", "ws")}/ws` },
  });
});

test("AMP 2: the owner of an account's namespace owns that tenant's agents", async () => {
  const account = await createAccount(ams.url);
  const call = async (method: string, path: string) => {
    const headers = { authorization: `Bearer ${account.credential}` };
    const response = await fetch(`${endpoint}${path}`, { method, headers });
    const body: Record<string, unknown> = JSON.parse(await response.text());
    return { status: response.status, body };
  };
  const key = await call("GET", "/auth/user-key");
  expect(key.body).toMatchObject({ user_id: account.accountId, tenant_id: account.namespace });
  const { privateKey } = generateKeyPairSync("ed25519");
  const wanted = { name: "mine", tenant: account.namespace };
  await expect(registerAgent(endpoint, privateKey, wanted)).rejects.toMatchObject({
    code: "tenant_access_denied",
  });
  const userKey = String(key.body.user_key);
  const made = await registerAgent(endpoint, privateKey, wanted, userKey);
  expect(made).toMatchObject({ tenant: account.namespace, owner_id: account.accountId });
  expect((await call("GET", "/agents/owned")).body).toMatchObject({
    agents: [{ id: made.agent_id, address: made.address, online: false }],
    total: 1,
  });
  expect((await call("DELETE", "/auth/user-key")).body).toMatchObject({ revoked: true });
  const other = generateKeyPairSync("ed25519").privateKey;
  const again = { name: "second", tenant: account.namespace };
  await expect(registerAgent(endpoint, other, again, userKey)).rejects.toMatchObject({
    code: "unauthorized",
  });
  const id = String(made.agent_id);
  expect((await call("DELETE", `/agents/owned/${id}`)).body).toEqual({
    deleted: true,
    agent_id: id,
  });
  const identity = { address: "", apiKey: String(made.api_key), key: privateKey, endpoint };
  await expect(new AmpClient(identity).inbox(1)).rejects.toMatchObject({ status: 401 });
});

test("AMP 18: what was accepted is there after SIGKILL, and so is who may read it", async () => {
  const carl = await newAgent(endpoint, "carl");
  const sent = await carl.send({ to: "carl", subject: "To myself", message: "kept" });
  await ams.restart("SIGKILL");
  const [message] = (await carl.inbox(10)).messages;
  expect(message).toMatchObject({ id: sent.id, message: "kept", trust: "verified" });
});

test("AMP 1: a port that was given and is taken ends the start with 69, naming the setting", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(startStandalone({ AMS_AMP_PORT: String(port) })).rejects.toThrow("AMS_AMP_PORT");
  await new Promise((resolve) => taken.close(resolve));
});
