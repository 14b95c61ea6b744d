/**
 * A control plane in memory, for tests: its fetch handler, a clock that only the test moves, and
 * what it logged.
 */
import { type Directory, type OperatorRole, type Peppers, watchSuspensions } from "@ams/directory";
import { openLog } from "@ams/process";
import { Registry } from "prom-client";
import type { ControlConfig } from "../config.ts";
import { type Control, createControl } from "../http/app.ts";
import { runOperatorKey } from "../operator/key-command.ts";
import { openTestDirectory } from "./directory.ts";

export const PEPPERS: Peppers = {
  credential: ["canary-credential-pepper-0123456789", "an-earlier-credential-pepper-0123456"],
  link: ["canary-link-pepper-0123456789abcdef"],
};

const CONFIG: ControlConfig = {
  instance: "tried",
  publicUrl: null,
  trustProxy: false,
  allowedHosts: [],
  guests: true,
  signUp: { policy: "open" },
  issuer: null,
  accountsPerMinute: 0,
  mintsPerMinute: 0,
  addressCpuMsPerSecond: 0,
  accountCpuMsPerSecond: 0,
  rotationsPerMinute: 0,
  replayTtlSMax: 604_800,
  replayBytesMax: 1_048_576,
  eventSecrets: ["a-secret-of-whoever-sends-webhooks-0"],
  eventTargets: { hosts: new Set(), blocks: [] },
  streamsPerAccount: 10,
  guestsPerAccount: 1_000,
  conversationsPerAccount: 0,
  subscribersPerConversation: 100,
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON, for a test to look into as it likes; undefined when it is none. */
  readonly json: ReturnType<typeof JSON.parse>;
};

export type Ask = {
  readonly bearer?: string;
  /** A text is sent as it is, anything else as its JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly address?: string;
};

export type TestControl = {
  readonly control: Control;
  readonly directory: Directory;
  readonly registry: Registry;
  /** What was logged so far, each line JSON. */
  readonly lines: readonly string[];
  readonly clock: { ms: number };
  readonly ask: (method: string, path: string, ask?: Ask) => Promise<Answer>;
  /** Creates an account and returns its credential and id. */
  readonly account: (namespace: string) => Promise<{ credential: string; account_id: string }>;
  /** Makes an operator key and returns it. */
  readonly operatorKey: (role: OperatorRole) => Promise<string>;
  readonly close: () => Promise<void>;
};

export async function openTestControl(
  overrides: Partial<ControlConfig> = {},
  wrap: (directory: Directory) => Directory = (directory) => directory,
): Promise<TestControl> {
  const opened = await openTestDirectory();
  const directory = wrap(opened.directory);
  const lines: string[] = [];
  const log = openLog(
    { service: "control", instance: "tried", level: "debug" },
    { write: (line: string) => void lines.push(line) },
  );
  const clock = { ms: Date.UTC(2026, 0, 2, 3, 4, 5, 6) };
  const registry = new Registry();
  const suspensions = watchSuspensions(directory);
  const control = createControl({
    config: { ...CONFIG, ...overrides },
    peppers: PEPPERS,
    directory,
    suspensions,
    rates: null,
    log,
    registry,
    now: () => clock.ms,
  });
  const ask = (method: string, path: string, given: Ask = {}) =>
    askOf(control, method, path, given);
  const account = async (namespace: string) => {
    const { json, status } = await ask("POST", "/v1/accounts", { body: { namespace } });
    if (status !== 201) throw new Error(`no account: ${status}`);
    return { credential: json.credential, account_id: json.account_id };
  };
  const operatorKey = async (role: OperatorRole) => {
    const wish = { kind: "create", name: `of ${role}`, role, folder: null } as const;
    return JSON.parse((await runOperatorKey(directory, PEPPERS, wish)).out).operator_key;
  };
  const close = async () => {
    suspensions.stop();
    // No look is under way once this one has ended.
    await suspensions.look();
    await opened.close();
  };
  return { control, directory, registry, lines, clock, ask, account, operatorKey, close };
}

async function askOf(control: Control, method: string, path: string, given: Ask): Promise<Answer> {
  const { bearer, body, headers, address = "192.0.2.1" } = given;
  const request = new Request(`http://ams.example:8081${path}`, {
    method,
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: bodyOf(body) }),
  });
  const app = path.startsWith("/operator/") ? control.operator : control;
  const response = await app.fetch(request, { address });
  const text = await response.text();
  const isJson = response.headers.get("content-type") === "application/json" && text !== "";
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

function bodyOf(body: unknown): string | Uint8Array {
  return typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
}
