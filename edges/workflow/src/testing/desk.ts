/** The edge on a journal in a folder, without a deployment: accounts and links are made up here. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EdgeApp } from "@ams/edge";
import { createRegistry, openLog } from "@ams/process";
import { canonicalBytes, type SeedSigner, signerFromSeed, writeSignature } from "@ams/provenance";
import { buildHeader, type Draft, signedBytes, ZEROS } from "@ams/workflow-rules";
import { monotonicFactory } from "ulid";
import { createWorkflow } from "../app.ts";
import type { WorkflowConfig } from "../config.ts";

const ulid = monotonicFactory();

export const CONVERSATION = "conv_01JTEST0000000000000000000";
export const TOKEN = "t".repeat(43);
export const LINK = `http://ams.example/falcon/conversations/talk?t=${TOKEN}`;
export const A = signerFromSeed(new Uint8Array(32).fill(1));
export const B = signerFromSeed(new Uint8Array(32).fill(2));

export const ORDER = {
  name: "order_processing",
  v: 1,
  steps: {
    reserve: { effect: "none" },
    charge: { after: ["reserve"], effect: "compensatable", compensate: "refund" },
    ship: { after: ["charge"], effect: "irreversible" },
  },
};

/** What a test looks into without declaring it. */
export type Loose = ReturnType<typeof JSON.parse>;

export type Answer = { readonly status: number; readonly body: Loose; readonly headers: Headers };
type Clock = { now: number };

export type Desk = {
  readonly app: EdgeApp;
  readonly clock: Clock;
  /** As the owner unless another bearer is given; null asks without one. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    bearer?: string | null,
  ) => Promise<Answer>;
  readonly stop: () => Promise<void>;
};

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "ams-workflow-"));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Bearers are namespaces: `falcon` owns the conversation. */
export function openDesk(
  place: WorkflowConfig["place"],
  overrides: Partial<WorkflowConfig> = {},
  clock: Clock = { now: 1_760_000_000_000 },
): Desk {
  const config: WorkflowConfig = {
    place,
    secrets: () => ["ab".repeat(32)],
    credential: null,
    writesPerMinute: 0,
    spacesPerAccount: 0,
    didWeb: { isOn: false, hosts: [] },
    ...overrides,
  };
  const log = openLog({ service: "workflow", instance: "test", level: "silent" });
  const app = createWorkflow({
    config,
    log,
    registry: createRegistry(),
    reached: { publicUrl: null, trustProxy: false },
    url: () => "http://ams.example",
    now: () => clock.now,
    checks: madeUp(),
  });
  const ask: Desk["ask"] = async (method, path, body, bearer = "falcon") => {
    const request = new Request(`http://ams.example/workflow/v1${path}`, {
      method,
      ...(body === undefined ? {} : { body: isRaw(body) ? body : JSON.stringify(body) }),
      headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
    });
    const response = await app.fetch(request, { address: "127.0.0.1" });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return {
      status: response.status,
      body: isJson && text !== "" ? JSON.parse(text) : text,
      headers: response.headers,
    };
  };
  return { app, clock, ask, stop: async () => void (await app.stop?.()) };
}

function isRaw(body: unknown): body is string | Uint8Array<ArrayBuffer> {
  return typeof body === "string" || body instanceof Uint8Array;
}

function madeUp(): Loose {
  const account = (namespace: string) => ({ accountId: `acc_${namespace}`, namespace });
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
      check: async (link: string) =>
        link.endsWith(TOKEN) && link.includes("/falcon/conversations/talk")
          ? {
              ok: true,
              link: {
                magicLink: link,
                conversationId: CONVERSATION,
                namespace: "falcon",
                alias: "talk",
              },
            }
          : { ok: false, fault: "invalid_magic_link", message: "" },
    },
  };
}

export const AT = `/conversations/${CONVERSATION}`;

/** Opens the conversation, defines the workflow, starts a run; its id. */
export async function openRun({ ask }: Desk, definition: Loose = ORDER): Promise<string> {
  await ask("POST", "/conversations", { magic_link: LINK });
  const defined = await ask(
    "PUT",
    `${AT}/workflows/${definition.name}/${definition.v}`,
    definition,
  );
  if (defined.status > 201) throw new Error(JSON.stringify(defined.body));
  const started = await ask("POST", `${AT}/runs`, { workflow: definition.name });
  if (started.status !== 201) throw new Error(JSON.stringify(started.body));
  return started.body.run;
}

export type Message = { readonly header: Loose; readonly sig: string; readonly body: string };

/** A message as an agent would send it over what the run is now. */
export async function message(
  { ask }: Desk,
  run: string,
  own: Partial<Draft> & { readonly content?: unknown },
  signer: SeedSigner = A,
): Promise<Message> {
  const { body: state } = await ask("GET", `${AT}/runs/${run}`);
  const branch = own.branch ?? (state.epoch === 0 ? "main" : `main@${state.epoch}`);
  const at = state.branches[branch] ?? { tip: ZEROS, next: 0 };
  const [status, attempts] = state.state_value.steps[own.step ?? ""] ?? ["wait", 0];
  const attempt =
    own.step === undefined ? 0 : Math.max(1, status === "ready" ? attempts + 1 : attempts);
  const body = canonicalBytes(own.content ?? {});
  const header = buildHeader({
    id: `msg_${ulid()}`,
    conversationId: CONVERSATION,
    type: "step",
    op: "done",
    size: state.size,
    root: state.root,
    branch,
    node: `${branch}/${at.next}`,
    parents: at.tip === ZEROS ? [] : [at.tip],
    did: signer.did,
    run: {
      id: run,
      workflow: state.workflow,
      version: state.version,
      def: state.def,
      epoch: state.epoch,
      state: state.state,
    },
    attempt,
    body,
    ts: 1,
    ...own,
  });
  return sign(header, body, signer);
}

export function sign(header: Loose, body: Uint8Array, signer: SeedSigner = A): Message {
  const sig = writeSignature(signer.signNow(signedBytes(header)));
  return { header, sig, body: Buffer.from(body).toString("base64") };
}
