/** The embedded directory: the contract, and what survives a restart. */
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  type Heard,
  newAccount,
  newClaim,
  newConversation,
  START_MS,
  value,
  type World,
  whereOf,
} from "../contract/world.ts";
import { directoryContract } from "../directory.contract.ts";
import { hash, newCredential, newLinkToken } from "../secrets.ts";
import { openEmbeddedDirectory } from "./embedded-directory.ts";

const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ams-embedded-"));
  folders.push(folder);
  return folder;
}

function openAt(path: string, announce: (channel: string, event: string) => void = () => {}) {
  return openEmbeddedDirectory({ path, announce });
}

async function openWorld(): Promise<World> {
  const path = newFolder();
  const heard: Heard[] = [];
  const clock = { ms: START_MS };
  const announce = (channel: string, event: string) => {
    heard.push({ channel, event: JSON.parse(event) });
  };
  const directory = value(openEmbeddedDirectory({ path, announce, now: () => clock.ms }));
  return {
    directory,
    other: directory,
    clock,
    heard: () => Promise.resolve([...heard]),
    dump: () => Promise.resolve([]),
    close: () => directory.close(),
  };
}

directoryContract("embedded", openWorld);

describe("the embedded directory's file", () => {
  afterEach(() => {
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });

  test("accounts, conversations and joins survive a restart; nobody is here; no epoch comes again", async () => {
    const path = newFolder();
    const account = newAccount();
    const conversation = newConversation(account, { max_joins: 1 });
    const claim = newClaim(whereOf(conversation), account);
    const before = value(openAt(path));
    value(await before.createAccount(account, "hash"));
    value(await before.mint({ conversation, linkHash: "link" }));
    let epoch = 0;
    for (let claims = 0; claims < 250; claims += 1)
      epoch = value(await before.claim(claim)).entry.epoch;
    await before.close();
    const after = value(openAt(path));
    expect(await after.accountByCredential(["hash"])).toEqual(account);
    expect(await after.admission(conversation)).toMatchObject({ conversation, joins: 1 });
    expect(await after.roster(claim.where)).toEqual([]);
    expect(value(await after.claim(claim)).entry.epoch).toBeGreaterThan(epoch);
    await after.close();
  });

  test("§8.2 no credential and no link token is in the file, only their hashes", async () => {
    const path = newFolder();
    const [credential, token, pepper] = [newCredential(), newLinkToken(), "p".repeat(32)];
    const directory = value(openAt(path));
    const account = value(await directory.createAccount(newAccount(), hash(pepper, credential)));
    const conversation = newConversation(account);
    value(await directory.mint({ conversation, linkHash: hash(pepper, token) }));
    await directory.close();
    const file = readFileSync(join(path, "directory.mdb"));
    expect(file.includes(hash(pepper, credential)) && file.includes(hash(pepper, token))).toBe(
      true,
    );
    for (const canary of [credential, credential.slice("ams_sk_".length), token, pepper]) {
      expect(file.includes(canary)).toBe(false);
    }
  });

  test("a damaged file, a cut one and a folder that can't be are one sentence each", async () => {
    const garbage = newFolder();
    writeFileSync(join(garbage, "directory.mdb"), Buffer.alloc(40_000, 7));
    const short = newFolder();
    writeFileSync(join(short, "directory.mdb"), "hello");
    const cut = newFolder();
    const directory = value(openAt(cut));
    for (let accounts = 0; accounts < 200; accounts += 1)
      value(await directory.createAccount(newAccount(), `${accounts}`));
    await directory.close();
    truncateSync(join(cut, "directory.mdb"), statSync(join(cut, "directory.mdb")).size / 2);
    for (const path of [garbage, short, cut]) {
      const opened = openAt(path);
      expect(opened).toEqual({
        ok: false,
        fault: expect.stringMatching(/^The directory file .* is damaged: [^\n]*\.$/),
      });
    }
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    for (const path of [file, join(file, "below"), "/proc/nowhere"]) {
      expect(openAt(path)).toEqual({ ok: false, fault: expect.stringMatching(/^[^\n]*\.$/) });
    }
  });
});
