// The official SDK's client signs in through the consent page in Chromium, and the official
// conformance suite judges the authorization server.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { UnauthorizedError } from "@modelcontextprotocol/sdk/client/auth.js";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { startWorld, type World } from "../mcp/world.ts";
import { findChromium, openBrowser } from "../web/browser.ts";
import { type Callback, consentIn, HandClient, openCallback } from "./consent.ts";

const { serverNode } = await import(new URL("../../scripts/server-node.mjs", import.meta.url).href);
const SUITE = createRequire(import.meta.url).resolve(
  "@modelcontextprotocol/conformance/dist/index.js",
);
/** The suite is written for Node 22. */
const NODE_MAJOR = 22;

let world: World;
let browser: Browser;
let callback: Callback;

describe.skipIf(findChromium() === null)("OAuth in Chromium", () => {
  beforeAll(async () => {
    [world, browser, callback] = await Promise.all([
      startWorld({ AMS_OAUTH: "on" }),
      openBrowser(),
      openCallback(),
    ]);
  });
  afterAll(async () => {
    callback.close();
    await Promise.all([world.stop(), browser.close()]);
  });

  /** What a connector keeps of its own, and where it sends the person. */
  function provider() {
    const kept: Record<string, unknown> = {};
    return {
      kept,
      redirectUrl: callback.redirectUri,
      clientMetadata: { client_name: "Falcon <b>", redirect_uris: [callback.redirectUri] },
      clientInformation: () => kept.client as never,
      saveClientInformation: (client: unknown) => void Object.assign(kept, { client }),
      tokens: () => kept.tokens as never,
      saveTokens: (tokens: unknown) => void Object.assign(kept, { tokens }),
      redirectToAuthorization: (url: URL) => void Object.assign(kept, { location: url.href }),
      saveCodeVerifier: (verifier: string) => void Object.assign(kept, { verifier }),
      codeVerifier: () => String(kept.verifier),
    };
  }

  test("§2.14.1 the SDK's client registers, signs in by the page, calls tools, refreshes, and ends with its key", async () => {
    const account = await world.account();
    const auth = provider();
    const url = new URL(`${world.url}/mcp`);
    const connect = () => {
      const client = new Client({ name: "falcon", version: "1" });
      const transport = new StreamableHTTPClientTransport(url, { authProvider: auth });
      return { client, transport };
    };
    const first = connect();
    await expect(first.client.connect(first.transport)).rejects.toThrow(UnauthorizedError);
    const back = callback.next();
    const { credential } = account;
    await consentIn(browser, String(auth.kept.location), { credential, says: "Allow" });
    await first.transport.finishAuth((await back).searchParams.get("code") ?? "");
    const { client, transport } = connect();
    await client.connect(transport);
    const made = await client.callTool({ name: "ams_create_conversation", arguments: {} });
    expect(made.isError ?? false).toBe(false);
    expect(made.structuredContent).toMatchObject({ namespace: account.namespace });
    const before = Object(auth.kept.tokens);
    // An access token that has ended: the client refreshes by itself.
    auth.saveTokens({ ...before, access_token: "ended.e30.c2ln" });
    await client.listTools();
    const after = Object(auth.kept.tokens);
    expect(after.refresh_token).not.toBe(before.refresh_token);
    const keys = await (
      await fetch(`${world.url}/v1/account/keys`, {
        headers: { authorization: `Bearer ${credential}` },
      })
    ).json();
    const [key] = Object(keys).keys;
    expect(key).toMatchObject({ name: "Falcon <b>", scopes: ["mint", "join", "read"] });
    await fetch(`${world.url}/v1/account/keys/${key.key_id}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${credential}` },
    });
    await expect
      .poll(
        () =>
          client.listTools().then(
            () => "served",
            () => "refused",
          ),
        { timeout: 10_000 },
      )
      .toBe("refused");
    await client.close();
  }, 60_000);

  test("§2.14.3 a person who says no sends the client back with access_denied, and no key is made", async () => {
    const account = await world.account();
    const client = await new HandClient(world.url).register([callback.redirectUri]);
    const parameters = new URLSearchParams(
      client.request(
        { verifier: "", challenge: "c".repeat(43) },
        { redirect_uri: callback.redirectUri },
      ),
    );
    const back = callback.next();
    const location = `${world.url}/oauth/authorize?${parameters}`;
    await consentIn(browser, location, { credential: "", says: "Deny" });
    const { searchParams } = await back;
    expect(searchParams.get("error")).toBe("access_denied");
    expect(searchParams.get("state")).toBe("s t&a=te");
    expect(searchParams.get("iss")).toBe(world.url);
    const keys = await fetch(`${world.url}/v1/account/keys`, {
      headers: { authorization: `Bearer ${account.credential}` },
    });
    expect(await keys.json()).toEqual({ keys: [] });
  }, 60_000);

  test("§2.14 the official suite's scenarios of authorization servers pass", async () => {
    const account = await world.account();
    const port = await freePort();
    const client = await new HandClient(world.url).register([`http://127.0.0.1:${port}/callback`]);
    const major = Number(process.versions.node.split(".")[0]);
    const node = major >= NODE_MAJOR ? process.execPath : serverNode();
    const asked = ["authorization", "--url", world.url, "--client-id", client.id];
    const run = spawn(node, [SUITE, ...asked, "--resource", `${world.url}/mcp`, "-p", `${port}`]);
    let output = "";
    let isAnswered = false;
    const consents: Promise<void>[] = [];
    const read = (part: Buffer) => {
      output += part.toString();
      const location = /^http\S+\/oauth\/authorize\?\S+$/m.exec(output)?.[0];
      if (location === undefined || isAnswered || !output.includes("Waiting up to")) return;
      isAnswered = true;
      consents.push(consentWithText(location, account.credential));
    };
    run.stdout.on("data", read);
    run.stderr.on("data", read);
    const code = await new Promise((resolve) => run.once("exit", resolve));
    await Promise.all(consents);
    expect(isAnswered, output).toBe(true);
    expect(output).toMatch(/authorization-server-metadata-endpoint/);
    expect(code, output).toBe(0);
    expect(output).not.toMatch(/SKIPPED|WARNING|FAILURE/);
  }, 90_000);

  /** The suite's own callback answers with another text. */
  async function consentWithText(location: string, credential: string): Promise<void> {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(location);
    await page.getByLabel("Your account's credential").fill(credential);
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByText("You can close this page").waitFor();
    await context.close();
  }
});
