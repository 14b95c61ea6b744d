/** A service of spaces without a deployment: accounts and links are made up here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRegistry, openLog } from "@ams/process";
import type { EdgeApp } from "../process/edge.ts";
import type { SpaceConfig } from "../spaces/space-config.ts";
import type { SpaceProcessOptions } from "../spaces/space-process.ts";

export const CONVERSATION = "conv_01JTEST0000000000000000000";
export const TOKEN = "t".repeat(43);
export const LINK = `http://ams.example/falcon/conversations/talk?t=${TOKEN}`;

/** All of a service's configuration but the place of its journals. */
export const TEST_SPACE_CONFIG = {
  secrets: () => ["ab".repeat(32)],
  credential: null,
  writesPerMinute: 0,
  spacesPerAccount: 0,
  didWeb: { isOn: false, hosts: [] },
} satisfies Omit<SpaceConfig, "place">;

/** What a test looks into without declaring it. */
export type Loose = ReturnType<typeof JSON.parse>;
export type Answer = { readonly status: number; readonly body: Loose; readonly headers: Headers };

export type SpaceDesk = {
  readonly app: EdgeApp;
  readonly clock: { now: number };
  /** As the owner unless another bearer is given; null asks without one. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    bearer?: string | null,
  ) => Promise<Answer>;
  readonly stop: () => Promise<void>;
};

export type SpaceDeskOptions<Config extends SpaceConfig> = {
  readonly service: string;
  readonly config: Config;
  readonly open: (options: SpaceProcessOptions<Config>) => EdgeApp;
  readonly clock?: { now: number } | undefined;
  readonly around?: SpaceProcessOptions<Config>["around"] | undefined;
};

/** Bearers are namespaces: `falcon` owns the conversation. */
export function openSpaceDesk<Config extends SpaceConfig>(
  options: SpaceDeskOptions<Config>,
): SpaceDesk {
  const { service, config, open, around, clock = { now: 1_760_000_000_000 } } = options;
  const app = open({
    config,
    log: openLog({ service, instance: "test", level: "silent" }),
    registry: createRegistry(),
    reached: { publicUrl: null, trustProxy: false },
    url: () => "http://ams.example",
    now: () => clock.now,
    checks: madeUp(),
    ...(around === undefined ? {} : { around }),
  });
  const ask: SpaceDesk["ask"] = async (method, path, body, bearer = "falcon") => {
    const request = new Request(`http://ams.example/${service}/v1${path}`, {
      method,
      ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body) }),
      headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
    });
    const response = await app.fetch(request, { address: "127.0.0.1" });
    const text = await response.text();
    const isJson = response.headers.get("content-type") === "application/json";
    return {
      status: response.status,
      body: isJson && text !== "" ? JSON.parse(text) : text,
      headers: response.headers,
    };
  };
  return { app, clock, ask, stop: async () => void (await app.stop?.()) };
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "ams-space-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

function isRaw(body: unknown): body is string | Uint8Array<ArrayBuffer> {
  return typeof body === "string" || body instanceof Uint8Array;
}

/** `wrong` and `unavailable` are refused as such; `broken` is a fault of the program. */
function madeUp(): Loose {
  const account = (namespace: string) => ({ accountId: `acc_${namespace}`, namespace });
  const link = { conversationId: CONVERSATION, namespace: "falcon", alias: "talk" };
  return {
    credentials: {
      check: async (bearer: string) => {
        if (bearer === "broken") throw new Error("a fault of the program");
        return bearer === "wrong" || bearer === "unavailable"
          ? { ok: false, fault: bearer === "wrong" ? "invalid_credential" : bearer, message: "" }
          : { ok: true, account: account(bearer) };
      },
    },
    links: {
      check: async (magicLink: string) =>
        magicLink.endsWith(TOKEN) && magicLink.includes("/falcon/conversations/talk")
          ? { ok: true, link: { magicLink, ...link } }
          : { ok: false, fault: "invalid_magic_link", message: "" },
    },
  };
}
