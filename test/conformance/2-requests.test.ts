/** §2.1, §2.8, §2.9: what every request has in common, and what the deployment offers. */
import { connect } from "node:net";
import { healthBody, offerBody } from "@ams/protocol/schema";
import { expect, test } from "vitest";
import {
  account,
  controlUrl,
  createAccount,
  expectProblem,
  http,
  mint,
  offer,
  tryMint,
} from "./driver.ts";

const UNKNOWN_CREDENTIAL = `ams_sk_${"A".repeat(43)}`;

test("§2.1.1 an unknown path is 404 not_found", async () => {
  for (const path of [
    "/v1/nothing",
    "/v1/accounts/x",
    "/v1/a/b/c/d/e",
    "/v1/account/credentials",
  ]) {
    expectProblem(await http("GET", path), 404, "not_found");
  }
});

test("§2.1.1 a known path with a wrong method is 405 method_not_allowed", async () => {
  const { namespace, credential } = await account();
  const wrong = [
    ["GET", "/v1/accounts"],
    ["PUT", "/v1/accounts"],
    ["POST", "/v1/account"],
    ["GET", "/v1/account/credential"],
    ["DELETE", "/v1"],
    ["PATCH", `/v1/${namespace}/conversations`],
    ["POST", `/v1/${namespace}/conversations/any`],
    ["GET", `/v1/${namespace}/conversations/any/link`],
  ] as const;
  for (const [method, path] of wrong) {
    expectProblem(await http(method, path, { bearer: credential }), 405, "method_not_allowed");
  }
});

test("§2.1.2 a body over 1 MiB is 413 body_too_large, with and without a declared length", async () => {
  const { namespace, credential } = await account();
  const path = `/v1/${namespace}/conversations`;
  const raw = `{"x":"${"y".repeat(1_048_576)}"}`;
  expectProblem(await http("POST", path, { bearer: credential, raw }), 413, "body_too_large");
  expect(await chunked(path, credential, raw)).toMatch(/^HTTP\/1\.1 413 /);
});

test("§2.1.2 a body of just 1 MiB is read, and unknown members are ignored", async () => {
  const { namespace, credential } = await account();
  const raw = `{"x":"${"y".repeat(1_048_576 - 8)}"}`;
  const answer = await http("POST", `/v1/${namespace}/conversations`, {
    bearer: credential,
    raw,
  });
  expect(answer.status, answer.text).toBe(201);
});

test("§2.1.2 a body that is no JSON object in UTF-8 is 400 invalid_json", async () => {
  const { namespace, credential } = await account();
  const bodies = ["[]", "null", '"a"', "{", '{"alias":"a"}x', "{'a':1}", "\ufeff{}", "\u0000"];
  const bytes = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
  for (const raw of [...bodies, bytes]) {
    for (const path of [`/v1/${namespace}/conversations`, "/v1/account/credential"]) {
      expectProblem(await http("POST", path, { bearer: credential, raw }), 400, "invalid_json");
    }
  }
  for (const raw of ["[]", "{", "nope"]) {
    expectProblem(await http("POST", "/v1/accounts", { raw }), 400, "invalid_json");
  }
});

test("§1.8 a body nested deeper than 128 levels is 400 invalid_json, 128 levels are read", async () => {
  const ann = await account();
  const nest = (levels: number) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  expect((await tryMint(ann, { x: nest(127) })).status).toBe(201);
  expectProblem(await tryMint(ann, { x: nest(128) }), 400, "invalid_json");
  const raw = `{"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  const path = `/v1/${ann.namespace}/conversations`;
  expectProblem(await http("POST", path, { bearer: ann.credential, raw }), 400, "invalid_json");
});

test("§1.9 of a member that stands twice the last one counts", async () => {
  const { namespace, credential } = await account();
  const raw = '{"stream_name":"first","stream_name":"last"}';
  const answer = await http("POST", `/v1/${namespace}/conversations`, {
    bearer: credential,
    raw,
  });
  expect(answer.json).toMatchObject({ stream_name: "last" });
});

test("§2.1.4 no credential is 401 missing_credential, an unknown one 401 invalid_credential", async () => {
  const { namespace } = await account();
  const routes = [
    ["GET", "/v1/account"],
    ["DELETE", "/v1/account"],
    ["POST", "/v1/account/credential"],
    ["POST", `/v1/${namespace}/conversations`],
    ["GET", `/v1/${namespace}/conversations`],
    ["POST", `/v1/${namespace}/conversations/any/link`],
    ["DELETE", `/v1/${namespace}/conversations/any`],
  ] as const;
  for (const [method, path] of routes) {
    expectProblem(await http(method, path), 401, "missing_credential");
    for (const bearer of [UNKNOWN_CREDENTIAL, "nonsense", "ams_sk_short"]) {
      expectProblem(await http(method, path, { bearer }), 401, "invalid_credential");
    }
  }
});

test("§2.1.4 a credential of another namespace is 403 namespace_mismatch", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const { alias } = await mint(bob);
  const routes = [
    ["POST", `/v1/${bob.namespace}/conversations`],
    ["GET", `/v1/${bob.namespace}/conversations`],
    ["POST", `/v1/${bob.namespace}/conversations/${alias}/link`],
    ["DELETE", `/v1/${bob.namespace}/conversations/${alias}`],
    ["GET", "/v1/no-such-namespace-there-is/conversations"],
  ] as const;
  for (const [method, path] of routes) {
    const answer = await http(method, path, { bearer: ann.credential });
    expectProblem(answer, 403, "namespace_mismatch");
  }
});

test("§2.1.3 every origin may read every answer under /v1, without credentials", async () => {
  const origin = "https://elsewhere.example";
  for (const path of ["/v1", "/v1/account", "/v1/nothing"]) {
    const { headers } = await http("GET", path, { headers: { origin } });
    expect(headers.get("access-control-allow-origin"), path).toBe("*");
    expect(headers.get("access-control-allow-credentials"), path).toBeNull();
  }
});

test("§2.1.3 preflight requests are answered", async () => {
  const { namespace } = await account();
  const { status, headers } = await http("OPTIONS", `/v1/${namespace}/conversations`, {
    headers: {
      origin: "https://elsewhere.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    },
  });
  expect([200, 204]).toContain(status);
  expect(headers.get("access-control-allow-origin")).toBe("*");
  expect(headers.get("access-control-allow-methods")).toMatch(/POST/);
  expect(headers.get("access-control-allow-headers")).toMatch(/authorization|\*/i);
});

test("§2.1.5 mints over the account's rate are 429 rate_limited with Retry-After, and other accounts aren't held up", async () => {
  const owner = await createAccount();
  const { mints_per_minute: limit } = (await offer()).limits;
  const path = `/v1/${owner.namespace}/conversations`;
  const request = { bearer: owner.credential, body: { alias: "-" }, attempts: 1 };
  const tried = limit === 0 || limit > 2_000 ? 100 : limit + 1;
  const answers = [];
  for (let sent = 0; sent < tried; sent += 50) {
    const some = Math.min(50, tried - sent);
    answers.push(
      ...(await Promise.all(Array.from({ length: some }, () => http("POST", path, request)))),
    );
  }
  const refused = answers.filter(({ status }) => status === 429);
  const last = tried > limit && limit > 0 ? await http("POST", path, request) : null;
  if (last === null) expect(refused, "under the rate nothing is refused").toEqual([]);
  for (const answer of last === null ? [] : [last, ...refused]) {
    expectProblem(answer, 429, "rate_limited");
    expect(answer.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  }
  await mint(await account());
});

test("§2.8 GET /v1 answers version, features and limits to anybody", async () => {
  const answer = await http("GET", "/v1");
  expect(answer.status).toBe(200);
  expect(offerBody.parse(answer.json).limits).toMatchObject({
    token_bytes: 65_536,
    metadata_bytes: 16_384,
    frame_bytes: 1_048_576,
  });
});

test("§2.9 GET /healthz names the instance and its time", async () => {
  const answer = await http("GET", "/healthz");
  expect(answer.status).toBe(200);
  const { host, ts } = healthBody.parse(answer.json);
  expect(host).not.toBe("");
  expect(Math.abs(Date.parse(ts) - Date.now())).toBeLessThan(60_000);
});

/** A POST whose length isn't sent beforehand; resolves to the beginning of the answer. */
function chunked(path: string, credential: string, body: string): Promise<string> {
  const { hostname, port, host, protocol } = new URL(controlUrl());
  if (protocol === "https:") return Promise.resolve("HTTP/1.1 413 (not tried over TLS)");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port || 80), hostname);
    const head = `POST ${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer ${credential}\r\ntransfer-encoding: chunked\r\n\r\n`;
    socket.write(`${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    socket.on("data", (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("§2.1.2 413 was expected, but the socket closed")));
  });
}
