/** The edge on a journal in a folder, without a deployment, and messages of its agents. */
import {
  CONVERSATION,
  type SpaceDesk as Desk,
  LINK,
  type Loose,
  openSpaceDesk,
  TEST_SPACE_CONFIG,
} from "@ams/edge/testing";
import { canonicalBytes, type SeedSigner, signerFromSeed, writeSignature } from "@ams/provenance";
import { buildHeader, type Draft, signedBytes, ZEROS } from "@ams/workflow-rules";
import { monotonicFactory } from "ulid";
import { createWorkflow } from "../app.ts";
import type { WorkflowConfig } from "../config.ts";

export {
  type Answer,
  CONVERSATION,
  LINK,
  type Loose,
  newFolder,
  removeFolder,
  type SpaceDesk as Desk,
  TOKEN,
} from "@ams/edge/testing";

const ulid = monotonicFactory();

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

export function openDesk(
  place: WorkflowConfig["place"],
  overrides: Partial<WorkflowConfig> = {},
  clock?: { now: number },
): Desk {
  const config: WorkflowConfig = { ...TEST_SPACE_CONFIG, place, ...overrides };
  return openSpaceDesk({ service: "workflow", config, open: createWorkflow, clock });
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
