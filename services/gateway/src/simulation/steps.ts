/**
 * What happens in a history, as data: what clients do, and faults. A seed determines it; leaving
 * steps out keeps the others.
 */
import type { Identity } from "./client.ts";
import { Random } from "./random.ts";

export type Connections = "commands" | "subscriber" | "both";

export type ClientStep =
  | { readonly kind: "connect"; readonly client: number; readonly gateway: number }
  | { readonly kind: "leave" | "metadata"; readonly client: number }
  | { readonly kind: "vanish"; readonly client: number; readonly ms: number }
  | { readonly kind: "say"; readonly client: number; readonly count: number }
  | { readonly kind: "revoke" | "delete"; readonly conversation: number };

export type FaultStep =
  | { readonly kind: "cut"; readonly gateway: number; readonly which: Connections }
  | {
      readonly kind: "stall";
      readonly gateway: number;
      readonly which: Connections;
      readonly ms: number;
    }
  | { readonly kind: "pause" | "crash" | "drain"; readonly gateway: number; readonly ms: number }
  | { readonly kind: "freeze" | "restart"; readonly ms: number }
  | { readonly kind: "failover"; readonly ms: number; readonly forgottenMs: number }
  /** The wall clock of a gateway, or of the store (-1), moves. */
  | { readonly kind: "clock"; readonly gateway: number; readonly ms: number };

export type FaultKind = FaultStep["kind"];
export type Step = { readonly atMs: number } & (ClientStep | FaultStep);

export const FAULT_KINDS = [
  "cut",
  "stall",
  "pause",
  "crash",
  "drain",
  "freeze",
  "restart",
  "failover",
  "clock",
] as const satisfies readonly FaultKind[];

export type Plan = {
  readonly gateways: number;
  readonly conversations: number;
  readonly clients: readonly Identity[];
  readonly steps: readonly Step[];
};

/** Simulated ms of a history in which things happen. */
const BUSY_MS = 6_000;
/** Milliseconds before the first step: gateways start. */
const START_MS = 60;

export function planOf(seed: number, faults: readonly FaultKind[]): Plan {
  const random = new Random(seed, "plan");
  const gateways = random.pick([2, 2, 2, 3, 3, 4]);
  const conversations = random.pick([1, 1, 1, 2]);
  const names = random.pick([1, 2, 3]);
  const clients = Array.from({ length: 3 + random.below(5) }, () =>
    identityOf(random, conversations, names),
  );
  const draw = { random, gateways, conversations, clients: clients.length, faults };
  const count = 10 + random.below(40);
  const steps = Array.from({ length: count }, () => clientStep(draw));
  for (const client of clients.keys()) {
    if (random.chance(0.8)) steps.push(connectStep(draw, START_MS + random.below(500), client));
  }
  const incidents = faults.length === 0 ? 0 : random.pick([0, 1, 1, 1, 2, 2, 3]);
  for (let made = 0; made < incidents; made += 1) steps.push(...incident(draw));
  steps.sort((one, other) => one.atMs - other.atMs);
  return { gateways, conversations, clients, steps };
}

type Draw = {
  readonly random: Random;
  readonly gateways: number;
  readonly conversations: number;
  readonly clients: number;
  readonly faults: readonly FaultKind[];
};

function identityOf(random: Random, conversations: number, names: number): Identity {
  const name = random.below(names);
  const account = random.chance(0.2) ? null : random.chance(0.05) ? random.below(2) : name % 2;
  const terms = {
    self: random.chance(0.15),
    receipts: random.chance(0.2),
    selective: random.chance(0.1),
  };
  return {
    conversation: random.below(conversations),
    account,
    name: `${account === null ? "guest" : "name"}-${name}`,
    terms,
  };
}

function connectStep({ random, gateways }: Draw, atMs: number, client: number): Step {
  return { atMs, kind: "connect", client, gateway: random.below(gateways) };
}

function clientStep(draw: Draw): Step {
  const { random } = draw;
  const atMs = Math.round(START_MS + random.between(0, BUSY_MS));
  const client = random.below(draw.clients);
  const roll = random.next();
  if (roll < 0.45) return { atMs, kind: "say", client, count: 1 + random.below(12) };
  if (roll < 0.75) return connectStep(draw, atMs, client);
  if (roll < 0.87) return { atMs, kind: "leave", client };
  if (roll < 0.96) return { atMs, kind: "metadata", client };
  if (roll < 0.985) return { atMs, kind: "vanish", client, ms: 200 + random.below(4_000) };
  const conversation = random.below(draw.conversations);
  return { atMs, kind: random.chance(0.7) ? "revoke" : "delete", conversation };
}

/**
 * One fault with what makes it interesting: cuts during a pause, and clients that do something
 * meanwhile.
 */
function incident(draw: Draw): readonly Step[] {
  const { random, faults } = draw;
  const atMs = Math.round(START_MS + 500 + random.between(0, BUSY_MS - 1_000));
  const [first = "cut", ...rest] = faults;
  const kind = random.pick([first, ...rest]);
  const steps = [faultStep(draw, kind, atMs)];
  const [fault] = steps;
  const lastsMs = fault !== undefined && "ms" in fault ? Math.abs(fault.ms) : 500;
  const within = () => Math.round(atMs + random.between(0, lastsMs));
  if (kind === "pause" && random.chance(0.6) && faults.includes("cut")) {
    const gateway = "gateway" in (fault ?? {}) ? (fault as { gateway: number }).gateway : 0;
    steps.push({ atMs: within(), kind: "cut", gateway, which: whichOf(random) });
  }
  for (let more = random.below(6); more > 0; more -= 1) {
    const client = random.below(draw.clients);
    const roll = random.next();
    if (roll < 0.4) steps.push(connectStep(draw, within(), client));
    else if (roll < 0.6) steps.push({ atMs: within(), kind: "leave", client });
    else steps.push({ atMs: within(), kind: "say", client, count: 1 + random.below(5) });
  }
  return steps;
}

function whichOf(random: Random): Connections {
  return random.pick(["subscriber", "subscriber", "commands", "both"]);
}

function faultStep({ random, gateways }: Draw, kind: FaultKind, atMs: number): Step {
  const gateway = random.below(gateways);
  const ms = Math.round(random.chance(0.5) ? random.between(50, 2_500) : random.between(50, 7_000));
  switch (kind) {
    case "cut":
      return { atMs, kind, gateway, which: whichOf(random) };
    case "stall":
      return { atMs, kind, gateway, which: whichOf(random), ms };
    case "pause":
      return { atMs, kind, gateway, ms: random.chance(0.3) ? ms + 4_000 : ms };
    case "crash":
    case "drain":
      return { atMs, kind, gateway, ms };
    case "freeze":
    case "restart":
      return { atMs, kind, ms };
    case "failover":
      return { atMs, kind, ms: Math.min(ms, 3_000), forgottenMs: 1 + random.below(1_500) };
    case "clock": {
      const sign = random.chance(0.5) ? 1 : -1;
      return { atMs, kind, gateway: random.chance(0.2) ? -1 : gateway, ms: sign * ms };
    }
    default:
      return kind satisfies never;
  }
}
