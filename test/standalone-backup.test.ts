// A standalone's folder: a copy of it is a backup, and a later version's is refused (OPERATIONS).
import { cp, rm } from "node:fs/promises";
import { join as at } from "node:path";
import { createAccount, join } from "@ams/client";
import { openFile } from "@ams/store";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Standalone, startStandalone } from "./standalone.ts";

const KEPT = ["one", "two", "three"];
let standalone: Standalone;
let data = "";

beforeAll(async () => {
  standalone = await startStandalone();
  data = at(standalone.folder, "data");
});

afterAll(() => standalone?.stop());

test("a copy of the stopped folder brings back accounts, links and what was kept", async () => {
  const { url } = standalone;
  const { credential } = await createAccount(url, { namespace: "backup" });
  const headers = { authorization: `Bearer ${credential}`, "content-type": "application/json" };
  const body = JSON.stringify({ replay: { ttl_s: 3_600, max_bytes: 1_048_576 } });
  const asked = { method: "POST", headers, body };
  const minted = await fetch(`${url}/v1/backup/conversations`, asked);
  const { magic_link: link } = await minted.json();
  const writer = await join(link, { credential, streamName: "writer", receipts: true });
  for (const text of KEPT) await writer.send(text);
  await writer.close();
  const whoAmI = () => fetch(`${url}/v1/account`, { headers }).then(({ status }) => status);

  await standalone.halt();
  const copy = at(standalone.folder, "copy");
  await cp(data, copy, { recursive: true });
  await rm(data, { recursive: true });
  await standalone.resume();
  expect(await whoAmI()).toBe(401);

  await standalone.halt();
  await rm(data, { recursive: true });
  await cp(copy, data, { recursive: true });
  await standalone.resume();
  expect(await whoAmI()).toBe(200);
  const reader = await join(link, { guest: true, streamName: "reader", last: 100 });
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    reader.on("token", (token) => {
      if (token.streamName === "writer") seen.push(token.data);
      if (seen.length === KEPT.length) resolve();
    });
  });
  expect(seen).toEqual(KEPT);
  await reader.close();
});

test("a folder that a later version has written is refused with 78, and stays as it is", async () => {
  await standalone.halt();
  writeFormat(data, "2");
  const refused = String(await standalone.resume().catch((error: unknown) => error));
  expect(refused).toContain("this store was written by a later version of AMS");
  expect(refused).toContain("(exit 78)");
  writeFormat(data, "1");
  await standalone.resume();
});

/** As a version would write it whose layout this one can't read. */
function writeFormat(folder: string, format: string): void {
  const opened = openFile(at(folder, "directory"), { name: "directory", tablesMax: 16 });
  if (!opened.ok) throw new Error(opened.fault);
  opened.value.openDB({ name: "peppers", encoding: "json" }).putSync("format", [format]);
  void opened.value.close();
}
