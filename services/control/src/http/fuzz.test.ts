import { PROBLEMS } from "@ams/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Answer, openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl;
let bearer: string;

beforeAll(async () => {
  open = await openTestControl();
  bearer = (await open.account("acme")).credential;
});
afterAll(() => open.close());

/** An answer that the protocol knows: a success, or a problem of the table with its own status. */
function expectDocumented({ status, json, text, headers }: Answer): void {
  if (status < 400) return;
  expect(status).not.toBe(500);
  expect(headers.get("content-type")).toBe("application/json");
  expect(Object.keys(json)).toEqual(["error", "message"]);
  const known = Object.entries(PROBLEMS).find(([code]) => code === json.error);
  expect(known?.[1]).toEqual({ status, message: json.message });
  expect(text.length).toBeLessThan(400);
}

const methods = fc.constantFrom("GET", "POST", "DELETE", "PUT", "PATCH", "HEAD", "OPTIONS");
const segment = fc.oneof(
  fc.constantFrom(
    "v1",
    "accounts",
    "account",
    "credential",
    "acme",
    "conversations",
    "link",
    "talk",
  ),
  fc.string({ unit: "binary", maxLength: 12 }).map(encodeURIComponent),
  fc.constantFrom("..", "%2e%2e", "%", "%zz", "%00", "%ff", "a".repeat(300), "__proto__", ""),
);
const paths = fc.array(segment, { maxLength: 7 }).map((segments) => `/${segments.join("/")}`);
const queries = fc.oneof(
  fc.constant(""),
  fc.webQueryParameters().map((query) => `?t=${query}`),
);

test("§2.1 any method, path and query gets a documented answer", async () => {
  await fc.assert(
    fc.asyncProperty(methods, paths, queries, fc.boolean(), async (method, path, query, known) => {
      // A deletion of the account that asks would be right, and end the test.
      fc.pre(!(method === "DELETE" && path === "/v1/account"));
      fc.pre(!(method === "POST" && path === "/v1/account/credential"));
      const answer = await open.ask(method, path + query, known ? { bearer } : {});
      if (method !== "HEAD") expectDocumented(answer);
    }),
    { numRuns: 500 },
  );
});

test("§2.1 any headers get a documented answer", async () => {
  const printable = fc.string({
    unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  });
  const credentials = fc.oneof(
    printable,
    printable.map((text) => `Bearer ${text}`),
    printable.map((text) => `Bearer ams_sk_${text}`),
  );
  const headers = fc.record(
    {
      authorization: credentials,
      "content-type": printable,
      "content-length": printable,
      "x-forwarded-for": printable,
      "x-forwarded-host": printable,
      origin: printable,
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(headers, async (given) => {
      expectDocumented(await open.ask("POST", "/v1/acme/conversations", { headers: given }));
      expectDocumented(
        await open.ask("GET", "/v1/acme/conversations/talk?t=x", { headers: given }),
      );
    }),
    { numRuns: 300 },
  );
});

const anyBytes = fc.uint8Array({ maxLength: 200 });
const anyJson = fc.json({ maxDepth: 6 });
const members = fc.constantFrom(
  "namespace",
  "invite",
  "alias",
  "stream_name",
  "id_kind",
  "canonical_input",
  "metadata",
  "stream_metadata",
  "expires_in_s",
  "max_joins",
  "replay",
  "grace_s",
  "keep_connected",
  "__proto__",
);
const values = fc.oneof(
  fc.json(),
  fc.constantFrom(
    "null",
    '""',
    "1e400",
    "-0",
    "12345678901234567890",
    '"\\ud800"',
    '"jcs-sha256"',
    "{}",
  ),
);
const anyObject = fc
  .array(fc.tuple(members, values), { maxLength: 6 })
  .map((pairs) => `{${pairs.map(([key, value]) => `"${key}":${value}`).join(",")}}`);
const bodies = fc.oneof(anyBytes, anyJson, anyObject);

test.each(["/v1/accounts", "/v1/acme/conversations", "/v1/acme/conversations/absent/link"])(
  "§2.1.2 any body of %s gets a documented answer",
  async (path) => {
    await fc.assert(
      fc.asyncProperty(bodies, async (body) => {
        expectDocumented(await open.ask("POST", path, { bearer, body }));
      }),
      { numRuns: 400 },
    );
  },
);

test("§1.7 any metadata comes back as it was given, but for white space", async () => {
  const objects = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { maxKeys: 5 });
  await fc.assert(
    fc.asyncProperty(objects, async (metadata) => {
      const raw = JSON.stringify(metadata);
      fc.pre(raw.length < 16_000);
      const body = `{"metadata": ${JSON.stringify(metadata, null, 2)}}`;
      const { text, status } = await open.ask("POST", "/v1/acme/conversations", { bearer, body });
      expect(status).toBe(201);
      expect(text).toContain(`"metadata":${raw},`);
    }),
    { numRuns: 100 },
  );
});
