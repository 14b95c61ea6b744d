/**
 * An operator takes an account back while a standalone runs: what the credential and the keys had
 * opened is shut, and whoever has a key can't make anything of it (§2.2.10).
 */
import { execFile } from "node:child_process";
import { type ClientRequest, request as openRequest } from "node:http";
import { join as joinPath } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createAccount, http, mint, speakTo } from "./conformance/driver.ts";
import { join } from "./conformance/subscriber.ts";
import { repositoryRoot } from "./repository-root.ts";
import { type Standalone, startStandalone } from "./standalone.ts";

const COMMAND = joinPath(repositoryRoot(), "services", "control", "dist", "command.js");
const ENDED = { code: 4002, reason: "invalid_credential" };

let standalone: Standalone;
beforeAll(async () => {
  standalone = await startStandalone();
  speakTo({ control: standalone.url, gateways: [standalone.url] });
});
afterAll(() => standalone.stop());

test("§2.2.10 a reset closes the sockets of the credential and of every key, and only the printed credential opens", async () => {
  const [owner, ann] = [await createAccount(), await createAccount()];
  const minted = await mint(owner);
  const body = { name: "thief", scopes: ["full"] };
  const made = await http("POST", "/v1/account/keys", { bearer: ann.credential, body });
  const thief = { ...ann, credential: String(Object(made.json).credential) };
  const held = [
    await join(minted, { as: ann, name: "own" }),
    await join(minted, { as: thief, name: "by-key" }),
  ];
  const stays = await join(minted, { as: owner, name: "stays" });
  const credential = await reset(ann.namespace);
  for (const one of held) expect(await one.ended()).toEqual(ENDED);
  expect(stays.endedByBroker).toBeNull();
  const rotate = (bearer: string) =>
    http("POST", "/v1/account/credential", { bearer, body: { grace_s: 0 } });
  for (const { credential } of [ann, thief]) expect((await rotate(credential)).status).toBe(401);
  expect((await rotate(credential)).status).toBe(200);
});

test("§2.1.4 a request that a key began before the reset, and whose body comes after it, changes nothing", async () => {
  const ann = await createAccount();
  const { alias } = await mint(ann);
  const { credential: bearer, namespace } = ann;
  const conversation = `/v1/${namespace}/conversations/${alias}`;
  const bodies = {
    "/v1/account/credential": { grace_s: 0 },
    "/v1/account/keys": { name: "late", scopes: ["full"] },
    [`/v1/${namespace}/conversations`]: { alias: "late" },
    [`${conversation}/link`]: { keep_connected: false },
    [`${conversation}/links`]: { name: "late" },
  };
  const begun: { finish: () => void; status: Promise<number | undefined> }[] = [];
  for (const [path, body] of Object.entries(bodies)) {
    const wish = { name: "thief", scopes: ["full"] };
    const made = await http("POST", "/v1/account/keys", { bearer, body: wish });
    const text = JSON.stringify(body);
    const sent = openRequest(standalone.url + path, {
      method: "POST",
      headers: {
        authorization: `Bearer ${Object(made.json).credential}`,
        "content-length": text.length,
      },
    });
    sent.write(text.slice(0, 1));
    begun.push({ finish: () => sent.end(text.slice(1)), status: statusOf(sent) });
  }
  // A key's use is recorded as it is authenticated.
  await vi.waitFor(async () => {
    const { json } = await http("GET", "/v1/account/keys", { bearer });
    const used = Object(json).keys.filter((key: object) => Object(key).last_used_at !== null);
    expect(used).toHaveLength(begun.length);
  }, 10_000);
  const credential = await reset(namespace);
  const stateOf = async () =>
    await Promise.all(
      ["/v1/account/keys", `/v1/${namespace}/conversations`, `${conversation}/links`].map(
        async (path) => (await http("GET", path, { bearer: credential })).json,
      ),
    );
  const state = await stateOf();
  for (const { finish } of begun) finish();
  for (const { status } of begun) expect(await status).toBe(401);
  expect(await stateOf()).toEqual(state);
});

/** What the operator's command prints: the account's only credential from then on. */
async function reset(namespace: string): Promise<string> {
  const directory = joinPath(standalone.folder, "data");
  const args = [COMMAND, "reset-credential", namespace, "--directory", directory];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return String(JSON.parse(stdout).credential);
}

function statusOf(sent: ClientRequest): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
  });
}
