/** A person at the consent page in Chromium, and a client that is one request after the other. */
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { expect } from "vitest";
import { openPage } from "../web/browser.ts";

/** Where the browser is sent back to; the next address that it is sent to. */
export type Callback = {
  readonly redirectUri: string;
  readonly next: () => Promise<URL>;
  readonly close: () => void;
};

export async function openCallback(): Promise<Callback> {
  const waiting: ((url: URL) => void)[] = [];
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/plain" }).end("back");
    if (request.url?.startsWith("/callback")) {
      waiting.shift()?.(new URL(request.url, "http://127.0.0.1"));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    redirectUri: `http://127.0.0.1:${port}/callback`,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Opens the page, types the credential and says yes or no. */
export async function consentIn(
  browser: Browser,
  location: string,
  answer: { readonly credential: string; readonly says: "Allow" | "Deny" },
): Promise<void> {
  const context = await browser.newContext();
  try {
    const { page, faults } = await openPage(context, new URL(location).origin);
    await page.goto(location);
    await page.getByLabel("Your account's credential").fill(answer.credential);
    await page.getByRole("button", { name: answer.says }).click();
    await page.getByText("back").waitFor();
    expect(faults.filter((fault) => !fault.startsWith("left the origin"))).toEqual([]);
  } finally {
    await context.close();
  }
}

export type Pkce = { readonly verifier: string; readonly challenge: string };

export function newPkce(): Pkce {
  const verifier = randomBytes(32).toString("base64url");
  return { verifier, challenge: createHash("sha256").update(verifier).digest("base64url") };
}

export const REDIRECT_URI = "https://client.example/callback";

/** A client by hand: what it is answered is the test's to judge. */
export class HandClient {
  readonly url: string;
  id = "";

  constructor(url: string) {
    this.url = url;
  }

  async register(redirectUris: readonly string[] = [REDIRECT_URI]): Promise<this> {
    const answer = await this.json("/oauth/register", { redirect_uris: redirectUris });
    expect(answer.status).toBe(201);
    this.id = Object(await answer.json()).client_id;
    return this;
  }

  json(path: string, body: unknown): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  form(path: string, fields: Readonly<Record<string, string>>): Promise<Response> {
    const body = new URLSearchParams(fields);
    return fetch(this.url + path, { method: "POST", body, redirect: "manual" });
  }

  request(pkce: Pkce, over: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      response_type: "code",
      client_id: this.id,
      redirect_uri: REDIRECT_URI,
      code_challenge: pkce.challenge,
      code_challenge_method: "S256",
      state: "s t&a=te",
      resource: `${this.url}/mcp`,
      ...over,
    };
  }

  /** Consents as the page's form does; the address that the browser is sent to. */
  async consent(
    pkce: Pkce,
    credential: string,
    over: Readonly<Record<string, string>> = {},
  ): Promise<URL> {
    const fields = { ...this.request(pkce, over), credential, answer: "allow" };
    const answer = await this.form("/oauth/authorize", fields);
    expect(answer.status).toBe(303);
    return new URL(answer.headers.get("location") ?? "");
  }

  exchange(code: string, pkce: Pkce, over: Readonly<Record<string, string>> = {}) {
    return this.form("/oauth/token", {
      grant_type: "authorization_code",
      client_id: this.id,
      code,
      redirect_uri: REDIRECT_URI,
      code_verifier: pkce.verifier,
      ...over,
    });
  }

  refresh(token: string, over: Readonly<Record<string, string>> = {}) {
    const fields = { grant_type: "refresh_token", client_id: this.id, refresh_token: token };
    return this.form("/oauth/token", { ...fields, ...over });
  }

  /** Consent and exchange. */
  async tokens(credential: string, over: Readonly<Record<string, string>> = {}) {
    const pkce = newPkce();
    const back = await this.consent(pkce, credential, over);
    const answer = await this.exchange(back.searchParams.get("code") ?? "", pkce);
    expect(answer.status).toBe(200);
    return (await answer.json()) as { access_token: string; refresh_token: string; scope: string };
  }
}
