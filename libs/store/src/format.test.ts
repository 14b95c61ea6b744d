import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { openFile } from "./embedded/open-file.ts";
import { confirmRedisFormat, LaterFormat } from "./format.ts";
import { connectRedis, whenReady } from "./redis/connect.ts";
import { findRedisBinary, startRedisServer } from "./testing/index.ts";

const folder = mkdtempSync(join(tmpdir(), "ams-format-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("a file that a later version has written is refused in one sentence, and kept as it is", async () => {
  const open = (format?: number) =>
    openFile(folder, { name: "things", tablesMax: 2, ...(format === undefined ? {} : { format }) });
  const first = open();
  if (!first.ok) return expect.fail(first.fault);
  first.value.openDB({ name: "table" }).putSync("key", "value");
  await first.value.close();
  const later = open(2);
  if (!later.ok) return expect.fail(later.fault);
  await later.value.close();
  for (let tries = 0; tries < 2; tries += 1) {
    expect(open()).toEqual({
      ok: false,
      fault: expect.stringMatching(
        /^The things file \S+things\.mdb was written by a later version/,
      ),
    });
  }
  const again = open(2);
  if (!again.ok) return expect.fail(again.fault);
  expect(again.value.openDB({ name: "table" }).get("key")).toBe("value");
  await again.value.close();
});

test.skipIf(findRedisBinary() === null)(
  "a Redis that a later version has written is refused, and kept as it is",
  async () => {
    const server = await startRedisServer({});
    const connected = connectRedis(server.url, "command");
    if (!connected.ok) return expect.fail(connected.fault);
    const { client } = connected.value;
    await whenReady(connected.value, 10_000);
    await confirmRedisFormat(client, "things:format");
    await confirmRedisFormat(client, "things:format", 2);
    await expect(confirmRedisFormat(client, "things:format")).rejects.toThrow(LaterFormat);
    expect(await client.get("things:format")).toBe("2");
    client.disconnect();
    await server.stop();
  },
);
