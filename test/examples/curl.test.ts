// examples/curl, run as its README says.

import { once } from "node:events";
import { createServer } from "node:http";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { runProgram } from "./example.ts";
import { NO_SERVER } from "./links.ts";

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone();
});
afterAll(() => ams.stop());

const run = (url: string) => runProgram("bash", ["examples/curl/curl.sh"], { AMS_URL: url });

test("curl does everything that is HTTP, from account to deletion", async () => {
  const { code, stdout, stderr } = await run(ams.url).ended;
  const steps = stdout.split(/^## .*\n/m).slice(1);
  const [offer, account, minted, inspected, listed, relinked, rotated, end] = steps.map((step) =>
    step.trim().split("\n"),
  );
  expect(JSON.parse(offer?.[0] ?? "")).toMatchObject({ ok: true });
  expect(JSON.parse(offer?.[1] ?? "")).toMatchObject({ limits: { token_bytes: 65_536 } });
  expect(offer?.slice(2)).toContain('"/v1/{namespace}/conversations/{alias}/link":');
  const { namespace } = JSON.parse(account?.[0] ?? "");
  expect(namespace).toMatch(/^curl-\d+$/);
  const link = new RegExp(`^${ams.url}/${namespace}/conversations/demo\\?t=[\\w-]{43}$`);
  expect(minted).toEqual([expect.stringMatching(link)]);
  expect(inspected).toHaveLength(2);
  for (const line of inspected ?? []) {
    expect(JSON.parse(line)).toMatchObject({ metadata: { purpose: "curl" }, streams: [] });
  }
  expect(JSON.parse(listed?.[0] ?? "")).toMatchObject({ conversations: [{ alias: "demo" }] });
  expect(relinked).toEqual([expect.stringMatching(link)]);
  expect(relinked).not.toEqual(minted);
  expect(JSON.parse(rotated?.[0] ?? "")).toMatchObject({ namespace });
  expect(end).toEqual([""]);
  expect(stderr).toMatch(
    /^GET \S+\/demo is answered 403: [^\n]+\nGET \/v1\/account is answered 401: [^\n]+\n$/,
  );
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain("ams_sk_");
});

test("without an AMS at the URL curl says so in one sentence", async () => {
  const { code, stderr } = await run(NO_SERVER).ended;
  expect(code).toBe(7);
  expect(stderr).toMatch(/^curl: \(7\) [^\n]+\n$/);
});

test.each([404, 200])("a web page at the URL, %i, is reported in one sentence", async (status) => {
  const server = createServer((_, response) => response.writeHead(status).end("<h1>A\npage</h1>"));
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const { code, stderr } = await run(`http://127.0.0.1:${port}`).ended;
  expect([code, stderr]).toEqual([1, `GET /healthz is answered ${status}: this is not AMS.\n`]);
});

test("a deployment that lets nobody sign up is reported in the deployment's words", async () => {
  const closed = await startStandalone({ AMS_SIGNUP: "closed" });
  const { code, stderr } = await run(closed.url).ended;
  await closed.stop();
  expect(code).toBe(1);
  expect(stderr).toMatch(/^POST \/v1\/accounts is answered 403: [^\n]+\.\n$/);
});
