/**
 * How the conformance suite speaks to a deployment: HTTP by fetch, sockets by `subscriber.ts`, and
 * nothing of the code under test. The deployment is named by the environment:
 *
 * - `AMS_CONFORMANCE_URL`: its base URL, for the control plane and by default for sockets;
 * - `AMS_CONFORMANCE_URLS`: base URLs of its gateways, comma separated, when sockets should go to
 *   them directly.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import {
  accountCreatedBody,
  conversationsBody,
  inspectedBody,
  linkMadeBody,
  mintedBody,
  offerBody,
  problemBody,
} from "@ams/protocol/schema";
import { expect } from "vitest";

/**
 * A deployment: its control plane, and where sockets connect, which is one or more of its gateways.
 */
export type Deployment = { readonly control: string; readonly gateways: readonly string[] };

let deployment = namedByEnvironment();

/** From now on everything here speaks to this deployment, for tests that start one of their own. */
export function speakTo({ control, gateways }: Deployment): void {
  deployment = { control: trimmed(control), gateways: gateways.map(trimmed) };
  pool.clear();
}

/** The base URL of the control plane. */
export function controlUrl(): string {
  return deployment.control;
}

/** Indices of two gateways: different ones where the deployment has them. */
export const HERE = 0;
export const THERE = 1;

export function gatewayUrl(index: number): string {
  const { control, gateways } = deployment;
  return gateways[index % gateways.length] ?? control;
}

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined when it is empty or isn't JSON. */
  readonly json: unknown;
};

export type Request = {
  readonly bearer?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is. */
  readonly raw?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often it may be refused for its rate; by default it comes back when the answer says. */
  readonly attempts?: number;
};

/** Attempts at a request that is refused for its rate: each waits as long as the answer says. */
const RATE_ATTEMPTS_MAX = 3;

/** One HTTP request to the control plane. Comes back later by itself when it is rate limited. */
export async function http(method: string, path: string, request: Request = {}): Promise<Answer> {
  const { bearer, body, raw, headers, attempts = RATE_ATTEMPTS_MAX } = request;
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(controlUrl() + path, {
      method,
      redirect: "manual",
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(raw === undefined ? {} : { body: raw }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (response.status !== 429 || attempt >= attempts) {
      return { status: response.status, headers: response.headers, text, json: parsed(text) };
    }
    await pause(1_000 * Number(response.headers.get("retry-after") ?? 1));
  }
}

/** Fails unless the answer is this refusal, in the one shape that refusals have. */
export function expectProblem(answer: Answer, status: number, error: string) {
  const body = problemBody.safeParse(answer.json);
  const got = `${answer.status} ${body.data?.error ?? answer.text.slice(0, 200)}`;
  expect(got, "status and error code of the answer").toBe(`${status} ${error}`);
  expect(body.success, `§2.1 {error, message} was expected, not ${answer.text}`).toBe(true);
}

export type Account = {
  readonly account_id: string;
  readonly namespace: string;
  readonly credential: string;
};

/** A name that nobody has: letters and digits, fit for a namespace, an alias or a stream. */
export function unique(prefix = "c"): string {
  return `${prefix}-${randomBytes(7).toString("hex")}`;
}

export async function createAccount(namespace = unique("conf")): Promise<Account> {
  const answer = await http("POST", "/v1/accounts", { body: { namespace } });
  expect(answer.status, `POST /v1/accounts answered ${answer.text}`).toBe(201);
  return accountCreatedBody.parse(answer.json);
}

/**
 * Accounts that this file's tests share, so that a deployment's rate of new accounts isn't used up.
 */
const pool = new Map<string, Promise<Account>>();

/**
 * The shared account of this name. Its conversations and streams may be any; its limits are not to
 * be filled.
 */
export function account(name: "ann" | "bob" | "eve" = "ann"): Promise<Account> {
  const known = pool.get(name) ?? createAccount();
  pool.set(name, known);
  return known;
}

export type Minted = ReturnType<typeof mintedBody.parse> & {
  /** The link token. */
  readonly t: string;
  /** Path of the conversation on the control plane. */
  readonly path: string;
};

/** A conversation of this account; fails unless it is made. */
export async function mint(
  owner: Account,
  body: Readonly<Record<string, unknown>> = {},
): Promise<Minted> {
  const answer = await tryMint(owner, body);
  expect([200, 201], `mint answered ${answer.status} ${answer.text}`).toContain(answer.status);
  return readMinted(answer);
}

export function tryMint(owner: Account, body: unknown): Promise<Answer> {
  const path = `/v1/${owner.namespace}/conversations`;
  return http("POST", path, { bearer: owner.credential, body });
}

export function readMinted(answer: Answer): Minted {
  const minted = mintedBody.parse(answer.json);
  const path = `/v1/${minted.namespace}/conversations/${minted.alias}`;
  return { ...minted, t: tokenOf(minted.magic_link), path };
}

export function tokenOf(magicLink: string): string {
  return new URL(magicLink).searchParams.get("t") ?? "";
}

/** A new link for the conversation; ends the earlier ones. */
export async function renewLink(owner: Account, minted: Minted, body?: unknown): Promise<Minted> {
  const answer = await http("POST", `${minted.path}/link`, { bearer: owner.credential, body });
  expect(answer.status, `POST …/link answered ${answer.text}`).toBe(200);
  const { magic_link } = linkMadeBody.parse(answer.json);
  return { ...minted, magic_link, t: tokenOf(magic_link) };
}

export async function inspect(minted: Minted) {
  const answer = await http("GET", `${minted.path}?t=${minted.t}`);
  expect(answer.status, `inspect answered ${answer.text}`).toBe(200);
  return inspectedBody.parse(answer.json);
}

export async function list(owner: Account, query = "") {
  const path = `/v1/${owner.namespace}/conversations${query}`;
  const answer = await http("GET", path, { bearer: owner.credential });
  expect(answer.status, `list answered ${answer.text}`).toBe(200);
  return conversationsBody.parse(answer.json);
}

/** What the deployment says that it offers. */
export async function offer() {
  const answer = await http("GET", "/v1");
  expect(answer.status, `GET /v1 answered ${answer.text}`).toBe(200);
  return offerBody.parse(answer.json);
}

/**
 * Runs the attempt until its result is right, and fails with the last one when it never is in time.
 */
export async function until<Result>(
  attempt: () => Promise<Result>,
  isRight: (result: Result) => boolean,
  withinMs = 10_000,
  betweenMs = 20,
): Promise<Result> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const result = await attempt();
    if (isRight(result)) return result;
    if (Date.now() > deadline) throw new Error(`not so within ${withinMs} ms: ${brief(result)}`);
    await pause(betweenMs);
  }
}

export function brief(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, 500);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function namedByEnvironment(): Deployment {
  const control = trimmed(process.env.AMS_CONFORMANCE_URL ?? "http://127.0.0.1:8080");
  const gateways = (process.env.AMS_CONFORMANCE_URLS ?? control).split(",").map(trimmed);
  return { control, gateways };
}

function trimmed(url: string): string {
  return url.trim().replace(/\/+$/, "");
}
