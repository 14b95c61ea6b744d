// What the authorization server refuses: addresses that almost match, codes and refresh tokens used
// twice, documents that lie or lead inside; and that magic links need none of it.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ask, initialize } from "../mcp/raw.ts";
import { startWorld, type World } from "../mcp/world.ts";
import { HandClient, newPkce, REDIRECT_URI } from "./consent.ts";

let world: World;
let credential: string;
let namespace: string;
let documents: ReturnType<typeof createServer>;
let documentUrl: string;
let document: (url: string) => unknown;

beforeAll(async () => {
  documents = createServer((request, response) => {
    const body = document(`${documentUrl}${request.url}`);
    if (typeof body === "string") response.writeHead(302, { location: body }).end();
    else response.writeHead(200).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => documents.listen(0, "127.0.0.1", resolve));
  const { port } = documents.address() as AddressInfo;
  documentUrl = `http://127.0.0.1:${port}`;
  world = await startWorld({
    AMS_OAUTH: "on",
    AMS_OAUTH_TRIES_PER_MINUTE: "0",
    AMS_ROTATIONS_PER_MINUTE: "0",
    AMS_OAUTH_CLIENT_HOSTS: `127.0.0.1:${port}`,
    AMS_LOG_LEVEL: "info",
  });
  ({ credential, namespace } = await world.account());
});
afterAll(async () => {
  documents.close();
  await world.stop();
});

const newClient = (redirectUris?: readonly string[]) =>
  new HandClient(world.url).register(redirectUris);
const asBearer = (token: string) => ({ authorization: `Bearer ${token}` });
const statusOf = async (token: string) =>
  (await fetch(`${world.url}/v1/account`, { headers: asBearer(token) })).status;
const errorOf = async (answer: Response) => Object(await answer.json()).error;

test("§2.14.1 /mcp without a right bearer is 401 and says where; a magic link never is", async () => {
  for (const headers of [{}, asBearer("ended.e30.c2ln")]) {
    const answer = await ask(`${world.url}/mcp`, { body: initialize(), headers });
    expect(answer.status).toBe(401);
    const challenge = answer.headers.get("www-authenticate") ?? "";
    const metadata = /resource_metadata="([^"]+)"/.exec(challenge)?.[1] ?? "";
    const resource = Object(await (await fetch(metadata)).json());
    expect(resource).toMatchObject({
      resource: `${world.url}/mcp`,
      authorization_servers: [world.url],
    });
  }
  const { link } = await world.conversation();
  const answer = await ask(link, { body: initialize() });
  expect(answer.status).toBe(200);
  const dead = await ask(`${link.slice(0, -43)}${"x".repeat(43)}`, { body: initialize() });
  expect(dead.status).toBe(404);
  expect(dead.headers.get("www-authenticate")).toBeNull();
});

test("§2.14.4 a token may do what was allowed, and is the account's", async () => {
  const client = await newClient();
  const { access_token, scope } = await client.tokens(credential, { scope: "read offline_access" });
  expect(scope).toBe("read");
  const path = `${world.url}/v1/${namespace}/conversations`;
  expect((await fetch(path, { headers: asBearer(access_token) })).status).toBe(200);
  const mint = await fetch(path, { method: "POST", headers: asBearer(access_token) });
  expect([mint.status, await errorOf(mint)]).toEqual([403, "insufficient_scope"]);
});

test("§2.14.4 a code that is used twice ends what its first use gave", async () => {
  const client = await newClient();
  const pkce = newPkce();
  const back = await client.consent(pkce, credential);
  expect(back.searchParams.get("iss")).toBe(world.url);
  expect(back.searchParams.get("state")).toBe("s t&a=te");
  const code = back.searchParams.get("code") ?? "";
  const first = Object(await (await client.exchange(code, pkce)).json());
  expect(await statusOf(first.access_token)).toBe(200);
  const second = await client.exchange(code, pkce);
  expect([second.status, await errorOf(second)]).toEqual([400, "invalid_grant"]);
  expect(await statusOf(first.access_token)).toBe(401);
  expect(await errorOf(await client.refresh(first.refresh_token))).toBe("invalid_grant");
});

test("§2.14.4 a refresh token is used once: a replay, or two at once, end the grant", async () => {
  const client = await newClient();
  const first = await client.tokens(credential);
  const second = Object(await (await client.refresh(first.refresh_token)).json());
  expect(await statusOf(second.access_token)).toBe(200);
  expect(await errorOf(await client.refresh(first.refresh_token))).toBe("invalid_grant");
  expect(await statusOf(second.access_token)).toBe(401);
  expect(await errorOf(await client.refresh(second.refresh_token))).toBe("invalid_grant");
  const third = await client.tokens(credential);
  const both = await Promise.all(
    [1, 2].map(async () => (await client.refresh(third.refresh_token)).status),
  );
  expect(both.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
  expect(await statusOf(third.access_token)).toBe(401);
});

test("§2.14.5 a revoked grant, and one of another client, give nothing", async () => {
  const [client, other] = [await newClient(), await newClient()];
  const tokens = await client.tokens(credential);
  expect(await errorOf(await other.refresh(tokens.refresh_token))).toBe("invalid_grant");
  expect(await statusOf(tokens.access_token)).toBe(200);
  const more = await client.refresh(tokens.refresh_token, { scope: "mint full" });
  expect(more.status).toBe(200);
  const { refresh_token, access_token } = Object(await more.json());
  const revoked = await client.form("/oauth/revoke", { token: refresh_token });
  expect(revoked.status).toBe(200);
  expect(await statusOf(access_token)).toBe(401);
  expect((await client.form("/oauth/revoke", { token: "nonsense" })).status).toBe(200);
});

test.each<[string, Record<string, string>]>([
  ["another client's code", { client_id: "oc_other" }],
  ["another redirect URI", { redirect_uri: `${REDIRECT_URI}/` }],
  ["a wrong verifier", { code_verifier: "x".repeat(43) }],
  ["no verifier", { code_verifier: "" }],
  ["a wrong code", { code: "x" }],
])("§2.14.4 an exchange with %s: invalid_grant", async (_, over) => {
  const client = await newClient();
  const pkce = newPkce();
  const code = (await client.consent(pkce, credential)).searchParams.get("code") ?? "";
  const answer = await client.exchange(code, pkce, over);
  expect([answer.status, await errorOf(answer)]).toEqual([400, "invalid_grant"]);
});

test.each([
  `${REDIRECT_URI}/`,
  `${REDIRECT_URI}?x=1`,
  `${REDIRECT_URI}#x`,
  REDIRECT_URI.replace("https", "http"),
  REDIRECT_URI.replace("client.example", "client.example.evil.example"),
  REDIRECT_URI.replace("client.example", "client.example@evil.example"),
  REDIRECT_URI.replace("client.example", "CLIENT.example"),
  REDIRECT_URI.replace("/callback", "/x/../callback"),
  REDIRECT_URI.replace("client.example", "client.example:8443"),
  `${REDIRECT_URI}%20`,
])(
  "§2.14.3 a redirect URI that almost matches is refused on the page, and nobody is sent there: %s",
  async (redirect_uri) => {
    const client = await newClient();
    const query = new URLSearchParams(client.request(newPkce(), { redirect_uri }));
    const answer = await fetch(`${world.url}/oauth/authorize?${query}`, { redirect: "manual" });
    expect([answer.status, answer.headers.get("location")]).toEqual([400, null]);
  },
);

test("§2.14.3 on loopback the port is the program's to choose, and nothing else", async () => {
  const client = await newClient(["http://127.0.0.1:1/callback"]);
  const at = async (redirect_uri: string) => {
    const query = new URLSearchParams(client.request(newPkce(), { redirect_uri }));
    return (await fetch(`${world.url}/oauth/authorize?${query}`, { redirect: "manual" })).status;
  };
  expect(await at("http://127.0.0.1:45678/callback")).toBe(200);
  expect(await at("http://127.0.0.1:45678/other")).toBe(400);
  expect(await at("http://localhost:45678/callback")).toBe(400);
});

test.each<[string, Record<string, string>, string]>([
  ["no PKCE", { code_challenge: "" }, "invalid_request"],
  ["PKCE in the clear", { code_challenge_method: "plain" }, "invalid_request"],
  ["another response type", { response_type: "token" }, "unsupported_response_type"],
  ["another resource", { resource: "https://evil.example/mcp" }, "invalid_target"],
  ["no scope that exists", { scope: "full admin" }, "invalid_scope"],
])("§2.14.3 %s: the client is sent back with the error", async (_, over, error) => {
  const client = await newClient();
  const query = new URLSearchParams(client.request(newPkce(), over));
  const answer = await fetch(`${world.url}/oauth/authorize?${query}`, { redirect: "manual" });
  expect(answer.status).toBe(303);
  const location = new URL(answer.headers.get("location") ?? "");
  expect(location.origin + location.pathname).toBe(REDIRECT_URI);
  expect(location.searchParams.get("error")).toBe(error);
  expect(location.searchParams.get("state")).toBe("s t&a=te");
});

test.each([
  "javascript:alert(1)",
  "data:text/html,x",
  "http://client.example/callback",
  "https://user@client.example/",
  "https://client.example/#x",
  "https://a;script-src/",
  "nonsense",
])("§2.14.2 a client that wants %s isn't registered", async (uri) => {
  const answer = await new HandClient(world.url).json("/oauth/register", { redirect_uris: [uri] });
  expect([answer.status, await errorOf(answer)]).toEqual([400, "invalid_redirect_uri"]);
});

test("§2.14.3 the page shows a wrong credential, escapes what clients say, and lets no script in", async () => {
  const client = new HandClient(world.url);
  const registered = await client.json("/oauth/register", {
    redirect_uris: [REDIRECT_URI],
    client_name: `<script>x</script>"\u202e`,
  });
  client.id = Object(await registered.json()).client_id;
  const fields = client.request(newPkce(), { state: `"><script>` });
  const wrong = await client.form("/oauth/authorize", {
    ...fields,
    credential: `ams_sk_${"x".repeat(43)}`,
    answer: "allow",
  });
  expect(wrong.status).toBe(400);
  const html = await wrong.text();
  expect(html).toContain("not the credential of an account");
  expect(html).not.toMatch(/<script|\u202e|ams_sk_x/);
  const policy = wrong.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("form-action 'self' https://client.example;");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
});

test("§2.14.2 a client named by its document signs in; one that lies or leads elsewhere doesn't", async () => {
  const client = new HandClient(world.url);
  const redirect_uris = [REDIRECT_URI];
  document = (url) => ({ client_id: url, client_name: "By document", redirect_uris });
  client.id = `${documentUrl}/client.json`;
  const { access_token } = await client.tokens(credential);
  expect(await statusOf(access_token)).toBe(200);
  const page = async (id: string) => {
    client.id = id;
    const query = new URLSearchParams(client.request(newPkce()));
    return (await fetch(`${world.url}/oauth/authorize?${query}`, { redirect: "manual" })).status;
  };
  document = () => ({ client_id: `${documentUrl}/other.json`, redirect_uris });
  expect(await page(`${documentUrl}/lies.json`)).toBe(400);
  document = (url) => ({ client_id: url, redirect_uris, client_name: "x".repeat(20_000) });
  expect(await page(`${documentUrl}/large.json`)).toBe(400);
  document = () => `${documentUrl}/client.json`;
  expect(await page(`${documentUrl}/redirect.json`)).toBe(400);
  const inside = ["http://127.0.0.1:1/c", "https://127.0.0.1/c", "https://[::ffff:7f00:1]/c"];
  for (const id of [...inside, "https://localhost/c", "https://169.254.169.254/c"]) {
    expect(await page(id), id).toBe(400);
  }
});

test("§2.14 no credential, code or token is in a log, and the store has none in the clear", async () => {
  const client = await newClient();
  const pkce = newPkce();
  const code = (await client.consent(pkce, credential)).searchParams.get("code") ?? "";
  const tokens = Object(await (await client.exchange(code, pkce)).json());
  await client.exchange(code, pkce);
  const log = await readFile(join(world.standalone.folder, "standalone.log"), "latin1");
  const file = join(world.standalone.folder, "data", "oauth", "oauth.mdb");
  const store = await readFile(file, "latin1");
  expect(log).toContain('"event":"replayed"');
  for (const secret of [credential, code, tokens.access_token, tokens.refresh_token]) {
    expect(log).not.toContain(secret);
    expect(store).not.toContain(secret);
  }
  expect(store).not.toContain("ams_sk_");
});
