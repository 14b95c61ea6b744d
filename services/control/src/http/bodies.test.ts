// What a route takes as its body is what its schema in the OpenAPI document says, member by member.

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { openTestControl, type TestControl } from "../testing/control.ts";
import { ROUTES } from "./app.ts";

/** One value of every kind, and some at the edges of what members take. */
const VALUES: readonly unknown[] = [
  -6,
  0,
  1,
  1.5,
  1e300,
  "",
  "x",
  "-6",
  "A b",
  true,
  false,
  null,
  [],
  [1],
  {},
  { a: 1 },
];
/** Members that a body needs besides, so that the one under test can be taken. */
const NEEDED: Readonly<Record<string, object>> = {
  namespace: {},
  invite: { namespace: "fresh" },
  types: { url: "https://example.com/" },
  canonical_input: { id_kind: "jcs-sha256" },
};

let open: TestControl;

beforeEach(async () => {
  open = await openTestControl();
});
afterEach(() => open.close());

const routes = ROUTES.flatMap(({ path, method, endpoint }) => {
  const schema = endpoint.doc.body?.schema;
  return schema instanceof z.ZodObject ? [{ path, method, schema }] : [];
});

describe.each(routes)("§2.1.2 $method $path", ({ path, method, schema }) => {
  test.each(Object.keys(schema.shape))(
    "takes and refuses %s as its schema does",
    async (member) => {
      let { credential } = await open.account("acme");
      await open.ask("POST", "/v1/acme/conversations", {
        bearer: credential,
        body: { alias: "al" },
      });
      const hook = { url: "https://example.com/", types: ["message"] };
      const made = await open.ask("POST", "/v1/account/webhooks", {
        bearer: credential,
        body: hook,
      });
      const wrong: unknown[] = [];
      for (const value of VALUES) {
        const body = { ...NEEDED[member], [member]: value };
        const at = path
          .replace(":namespace", "acme")
          .replace(":alias", "al")
          .replace(":webhook_id", made.json.webhook_id);
        const { status, json } = await open.ask(method, at, { bearer: credential, body });
        if (path === "/v1/account/credential" && status === 200) credential = json.credential;
        // What is taken already was understood.
        const isTaken = status < 300 || status === 409;
        if (isTaken !== schema.safeParse(body).success) wrong.push([value, status]);
      }
      expect(wrong).toEqual([]);
    },
  );
});
