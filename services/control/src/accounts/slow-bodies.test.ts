import { afterEach, expect, test } from "vitest";
import { ROUTES } from "../http/app.ts";
import { openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

/** Every request with a body by which an account changes something, by its path. */
const BODIES: Readonly<Record<string, object>> = {
  "/v1/account/credential": { grace_s: 3_600 },
  "/v1/account/keys": { name: "late", scopes: ["full"] },
  "/v1/account/webhooks": { url: "https://93.184.216.34/ams", types: ["stream.joined"] },
  "/v1/account/webhooks/:webhook_id": { enabled: true },
  "/v1/:namespace/conversations": { alias: "late" },
  "/v1/:namespace/conversations/:alias/link": {},
  "/v1/:namespace/conversations/:alias/links": { name: "late" },
  "/v1/:namespace/conversations/:alias/webhooks": {},
};

test("§2.1.4 every route that takes an account's body is asked here", () => {
  const taking = ROUTES.filter(({ endpoint: { doc } }) => doc.auth !== "none" && doc.body);
  expect(taking.map(({ path }) => path)).toEqual(Object.keys(BODIES));
});

test.each(Object.entries(BODIES))(
  "§2.1.4 a request whose credential ended while its body was on its way changes nothing: %s",
  async (route, body) => {
    open = await openTestControl();
    const { ask, control } = open;
    const { credential } = await open.account("acme");
    await ask("POST", "/v1/acme/conversations", { bearer: credential, body: { alias: "talk" } });
    const { json: key } = await ask("POST", "/v1/account/keys", {
      bearer: credential,
      body: { name: "thief", scopes: ["full"] },
    });
    const state = () =>
      Promise.all(
        [
          "account/keys",
          "account/webhooks",
          "acme/conversations",
          "acme/conversations/talk/links",
        ].map(async (path) => (await ask("GET", `/v1/${path}`, { bearer: credential })).json),
      );
    const sent = new TransformStream<Uint8Array, Uint8Array>();
    const path = route
      .replace(":namespace", "acme")
      .replace(":alias", "talk")
      .replace(":webhook_id", "wh_none");
    const request = new Request(`http://ams.example${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${key.credential}` },
      body: sent.readable,
      duplex: "half",
    } as RequestInit);
    const answer = control.fetch(request, { address: "192.0.2.1" });
    const writer = sent.writable.getWriter();
    const text = JSON.stringify(body);
    // Taken once somebody reads: by then the request was authenticated.
    await writer.write(new TextEncoder().encode(text.slice(0, 1)));
    await ask("DELETE", `/v1/account/keys/${key.key_id}`, { bearer: credential });
    const before = await state();
    await writer.write(new TextEncoder().encode(text.slice(1)));
    await writer.close();
    expect((await answer).status).toBe(401);
    expect(await state()).toEqual(before);
  },
);
