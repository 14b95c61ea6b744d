import { expect, test } from "vitest";
import { createWeb, type WebOptions } from "./app.ts";
import type { Assets } from "./assets.ts";
import { readWeb } from "./config.ts";
import type { LinkFacts } from "./link-facts.ts";
import { parseTheme } from "./theme.ts";

const TOKEN = "a".repeat(43);
const LINK = `https://ams.example/falcon/conversations/standup?t=${TOKEN}`;
const LIVE: LinkFacts = {
  kind: "live",
  conversationId: "conv_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ",
  metadata: { instructions: "Be brief.\n</pre><script>x</script>\n# not ours", n: 1 },
  replayS: 3_600,
};
const BODY = new TextEncoder().encode("the script");
const ASSETS: Assets = {
  script: "/_tincan/main-1.js",
  styles: ["/_tincan/main-1.css"],
  icon: "/_tincan/icon-1.svg",
  imports: ["/_tincan/names-1.js"],
  fonts: ["/_tincan/text-1.woff2"],
  files: new Map([["/_tincan/main-1.js", { type: "text/javascript", body: BODY, gzipped: BODY }]]),
};

function ask(url: string, headers: Record<string, string> = {}, options: Partial<WebOptions> = {}) {
  const read = readWeb({});
  if (!read.ok) throw new Error(read.faults.join());
  const web = createWeb({
    config: read.value,
    reached: { publicUrl: null, trustProxy: false },
    assets: ASSETS,
    lookUp: async () => LIVE,
    ...options,
  });
  return web.fetch(new Request(url, { headers }), { address: "127.0.0.1" });
}

test("a browser gets the page, with the instructions in it as escaped text", async () => {
  const response = await ask(LINK, { accept: "text/html" });
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text).toContain('<script type="module" src="../../_tincan/main-1.js">');
  expect(text).toContain('data-replay="3600"');
  expect(text).toContain('<link rel="modulepreload" href="../../_tincan/names-1.js">');
  expect(text).toContain('<link rel="preload" href="../../_tincan/text-1.woff2" as="font"');
  expect(text).toContain("Ask your user once before joining");
  expect(text).toContain("&lt;/pre&gt;&lt;script&gt;x&lt;/script&gt;");
  expect(text).not.toContain("<script>x");
});

test("an agent gets Markdown that says all it needs to come in", async () => {
  const response = await ask(LINK);
  expect(response.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
  const text = await response.text();
  expect(text).toContain(`claude mcp add --transport http ams-standup '${LINK}'`);
  expect(text).toContain(`wss://ams.example/falcon/conversations/standup/connect?t=${TOKEN}`);
  expect(text).toContain("> Be brief.");
  expect(text).toContain("> # not ours");
  expect(text).not.toContain("{{");
});

test("who asks for plain text gets the same as such", async () => {
  const response = await ask(LINK, { accept: "text/plain" });
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
});

test("a program gets JSON, and nothing in it is changed", async () => {
  const response = await ask(LINK, { accept: "application/json" });
  expect(await response.json()).toEqual({
    instructions: expect.stringContaining("magic link"),
    pre_bound: {
      namespace: "falcon",
      alias: "standup",
      conversation_id: "conv_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ",
      metadata: LIVE.metadata,
    },
    mcp_endpoint: LINK,
    connect_url: `wss://ams.example/falcon/conversations/standup/connect?t=${TOKEN}`,
    tincan_url: LINK,
  });
});

test("behind a proxy that is trusted, and with a public URL, the addresses are those that people reach", async () => {
  const forwarded = {
    "x-forwarded-host": "evil.example, ams.test:8443",
    "x-forwarded-proto": "https",
  };
  const headers = { accept: "application/json", ...forwarded };
  const tincanUrl = async (reached: WebOptions["reached"]) => {
    const body: unknown = await (
      await ask(`http://10.0.0.1${LINK.slice(19)}`, headers, { reached })
    ).json();
    return Object(body).tincan_url;
  };
  expect(await tincanUrl({ publicUrl: null, trustProxy: true })).toMatch(
    /^https:\/\/ams\.test:8443\//,
  );
  expect(await tincanUrl({ publicUrl: null, trustProxy: false })).toMatch(
    /^http:\/\/10\.0\.0\.1\//,
  );
  expect(await tincanUrl({ publicUrl: "https://p.example/ams", trustProxy: true })).toMatch(
    /^https:\/\/p\.example\/ams\/falcon\//,
  );
});

test.each([
  ["gone", 404, "conversation_not_found"],
  ["refused", 404, "invalid_magic_link"],
  ["away", 503, "unavailable"],
] as const)(
  "a link that is %s is %i in every form, and none of them repeats its token",
  async (kind, status, error) => {
    const options = { lookUp: async () => ({ kind }) };
    const page = await ask(LINK, { accept: "text/html" }, options);
    const json = await ask(LINK, { accept: "application/json" }, options);
    const text = await ask(LINK, {}, options);
    expect([page.status, json.status, text.status]).toEqual([status, status, status]);
    expect(await json.json()).toMatchObject({ error });
    const sentence = (await text.text()).trim();
    expect(sentence).not.toContain(TOKEN);
    const written = await page.text();
    expect(written).toContain(`<noscript><p class="plain">${sentence}</p></noscript>`);
    expect(written).not.toMatch(/tincan-instructions|mcp|stream_name/);
    expect(written).not.toContain(TOKEN);
  },
);

test("§1.4 without its token it is the page for browsers, whose reload it is, and 400 for all others", async () => {
  const options = { lookUp: async () => ({ kind: "incomplete" }) as const };
  const bare = LINK.replace(/\?.*/, "");
  const page = await ask(bare, { accept: "text/html,*/*;q=0.8" }, options);
  expect(page.status).toBe(200);
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(page.headers.get("vary")).toBe("accept, sec-fetch-dest, user-agent");
  expect((await ask(bare, { "sec-fetch-dest": "document" }, options)).status).toBe(200);
  for (const accept of ["text/markdown", "text/plain", "application/json", "*/*"]) {
    expect((await ask(bare, { accept }, options)).status, accept).toBe(400);
  }
  const json = await ask(bare, { accept: "application/json" }, options);
  expect(await json.json()).toMatchObject({ error: "invalid_magic_link" });
});

test("every answer forbids what is inline, what is from elsewhere, and to hand the address on", async () => {
  for (const url of [
    LINK,
    "https://ams.example/",
    "https://ams.example/_tincan/main-1.js",
    "https://ams.example/_tincan/x",
  ]) {
    const { headers } = await ask(url, { accept: "text/html" });
    expect(headers.get("content-security-policy")).toContain(
      "default-src 'none'; script-src 'self'",
    );
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
  }
  expect((await ask(LINK)).headers.get("cache-control")).toBe("no-store");
});

test("files are kept for a year under their hash, and an unknown one is 404", async () => {
  const response = await ask("https://ams.example/_tincan/main-1.js", {
    "accept-encoding": "gzip",
  });
  expect(response.headers.get("cache-control")).toContain("immutable");
  expect(response.headers.get("content-encoding")).toBe("gzip");
  expect((await ask("https://ams.example/_tincan/../../etc/passwd")).status).toBe(404);
  expect((await ask("https://ams.example/_tincan/main-2.js")).status).toBe(404);
});

test("without a built page there is a sentence for people, and agents are answered all the same", async () => {
  const page = await ask(LINK, { accept: "text/html" }, { assets: null });
  expect(await page.text()).toContain("not built");
  expect((await ask(LINK, {}, { assets: null })).status).toBe(200);
  expect((await ask("https://ams.example/", {}, { assets: null })).status).toBe(503);
});

test("an operator's name and colours are in the page and its theme file", async () => {
  const theme = parseTheme(
    '{"name":"Acme <Line>","light":{"mark":"#123456"},"dark":{"paper":"oklch(0.2 0.1 90)"}}',
  );
  if (!theme.ok) throw new Error(theme.fault);
  const options = { config: { instructions: "{{name}} {{unknown}}", theme: theme.value } };
  const page = await (await ask("https://ams.example/", {}, options)).text();
  expect(page).toContain("<title>Acme &lt;Line&gt;</title>");
  const path = /\/_tincan\/theme-\w+\.css/.exec(page)?.[0] ?? "";
  const style = await (await ask(`https://ams.example${path}`, {}, options)).text();
  expect(style).toContain("--mark: #123456;");
  expect(style).toContain("--paper: oklch(0.2 0.1 90);");
  expect(await (await ask(LINK, {}, options)).text()).toBe("Acme <Line> {{unknown}}");
});

test.each([
  "[]",
  "{",
  '{"name":7}',
  '{"name":""}',
  '{"light":{"mark":"red; } body { display: none"}}',
  '{"light":{"mark":"url(https://elsewhere.example)"}}',
  '{"light":{"mark":"var(--x)"}}',
  '{"dark":{"ink2":"#000"}}',
  '{"light":[]}',
  '{"light":{"mark":"#12345"}}',
  '{"light":{"mark":"#1234567"}}',
  '{"light":{"mark":"notacolour"}}',
])("a theme that is %s is refused", (text) => {
  expect(parseTheme(text).ok).toBe(false);
});

test("files that can't be read are refused at once, each by its setting", () => {
  const read = readWeb({ AMS_WEB_INSTRUCTIONS: "/nowhere/a.md", AMS_WEB_THEME: "/nowhere/b.json" });
  const faults = read.ok ? [] : read.faults;
  expect(faults.map((fault) => fault.split(" ")[0])).toEqual([
    "AMS_WEB_INSTRUCTIONS",
    "AMS_WEB_THEME",
  ]);
});

const HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";

test.each([
  ["/falcon/conversations/standup/", "./../../../falcon/conversations/standup"],
  ["//falcon//Conversations/standup", "./../../../../falcon/conversations/standup"],
])(
  "§1.4 a browser and an agent at %s are led to the link, below whatever path",
  async (path, to) => {
    const damaged = `https://ams.example${path}?t=${TOKEN}).`;
    for (const accept of [HTML, "text/markdown"]) {
      const response = await ask(damaged, { accept });
      expect(response.status).toBe(302);
      expect(response.headers.get("location")).toBe(`${to}?t=${TOKEN}`);
      expect(response.headers.get("cache-control")).toBe("no-store");
      const below = new URL(`${to}?t=${TOKEN}`, damaged.replace(".example", ".example/ams"));
      expect(below.href).toBe(LINK.replace(".example", ".example/ams"));
    }
    const json = await ask(damaged, { accept: "application/json" });
    expect([json.status, await json.json()]).toMatchObject([404, { error: "not_found" }]);
  },
);

test.each(["/falcon", "/falcon/conversations/", "/falcon/conv", "/a/b/c/d", "/falcon/%E0%A4%A"])(
  "a browser at %s gets a page that says what to do, without a script and without what it asked",
  async (path) => {
    const response = await ask(`https://ams.example${path}?t=${TOKEN}`, { accept: HTML });
    expect(response.status).toBe(404);
    const page = await response.text();
    expect(page).toContain("Copy all of it again");
    expect(page).not.toMatch(/<script|falcon|aaaa/);
    const [, style = ""] = /rel="stylesheet" href="([^"]+)"/.exec(page) ?? [];
    expect(new URL(style, `https://ams.example${path}`).pathname).toBe("/_tincan/main-1.css");
    const [, home = ""] = /class="button" href="([^"]+)"/.exec(page) ?? [];
    expect(new URL(home, `https://ams.example${path}`).pathname).toBe("/");
  },
);
