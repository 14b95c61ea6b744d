/**
 * An operator takes an account back while a standalone runs: what the credential and the keys had
 * opened is shut, and whoever has a key can't make anything of it (§2.2.10).
 */
import { execFile } from "node:child_process";
import { join as joinPath } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
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
  const directory = joinPath(standalone.folder, "data");
  const args = [COMMAND, "reset-credential", ann.namespace, "--directory", directory];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  for (const one of held) expect(await one.ended()).toEqual(ENDED);
  expect(stays.endedByBroker).toBeNull();
  const rotate = (bearer: string) =>
    http("POST", "/v1/account/credential", { bearer, body: { grace_s: 0 } });
  for (const { credential } of [ann, thief]) expect((await rotate(credential)).status).toBe(401);
  expect((await rotate(JSON.parse(stdout).credential)).status).toBe(200);
});
