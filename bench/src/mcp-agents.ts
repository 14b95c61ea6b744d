/**
 * Everybody in the conversations of the MCP cases: emitters and readers on the raw wire, agents
 * with push, agents that ask.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { joinByMcp, type McpAgent } from "@ams/loadtest";
import { openAmsAccount } from "./ams.ts";
import { Ear, spokenBy } from "./ear.ts";
import { openPlainWire, type PlainWire } from "./plain-wire.ts";

/** Sessions that open at once. */
const JOINING_MAX = 20;
/** Milliseconds for what is still on its way when the emitters fall silent. */
const DRAIN_MS = 5_000;
const LOOK_AGAIN_MS = 20;

/** Every conversation has one emitter and one reader on the raw wire. */
export type AgentsPlan = {
  readonly conversations: number;
  /** Tokens per second of each emitter. */
  readonly perSecond: number;
  /** Agents with push in each conversation. */
  readonly listeners: number;
  /** Conversations in which an agent asks with `ams_recv`. */
  readonly pollers: number;
};

export type Path = "wire" | "push" | "recv";

export type Agents = {
  readonly emitters: readonly PlainWire[];
  /** By conversation. */
  readonly ears: readonly (readonly Ear[])[];
  readonly leave: () => Promise<void>;
};

/** Brings all of them together; `note` gets how many milliseconds each token was on its way. */
export async function gather(
  url: string,
  plan: AgentsPlan,
  note: (path: Path, ms: number) => void,
): Promise<Agents> {
  const minted = await (await openAmsAccount(url)).mint(plan.conversations);
  const links = minted.map(({ magicLink }) => magicLink);
  const ears = links.map((): Ear[] => []);
  const earAt = (path: Path, at: number) => {
    const ear = new Ear(path, at, (ms) => note(path, ms));
    ears[at]?.push(ear);
    return ear;
  };
  const emitters = await some(links, (link) => openPlainWire(link, "emitter"));
  const readers = await some(links, (link, at) =>
    openPlainWire(link, "wire", earAt("wire", at).onToken),
  );
  const wanted = links.flatMap((link, at) => Array(plan.listeners).fill({ link, at }));
  const listeners = await some<{ link: string; at: number }, McpAgent>(
    wanted,
    async ({ link, at }) => {
      const agent = await joinByMcp(link);
      await agent.listen(earAt("push", at));
      return agent;
    },
  );
  const polling = links.slice(0, plan.pollers);
  const pollers = await some(polling, (link) => joinByMcp(link));
  const asking = pollers.map((agent, at) => agent.poll(earAt("recv", at)));
  // One that is refused meanwhile is notified of when they leave.
  const asked = Promise.allSettled(asking);
  return {
    emitters,
    ears,
    leave: async () => {
      for (const one of [...emitters, ...readers, ...listeners, ...pollers]) one.close();
      await asked;
      await Promise.all(asking);
    },
  };
}

/** All of it, but only so much at once. */
async function some<Item, Made>(
  items: readonly Item[],
  make: (item: Item, at: number) => Promise<Made>,
): Promise<readonly Made[]> {
  const made: Made[] = [];
  while (made.length < items.length) {
    const from = made.length;
    const next = items.slice(from, from + JOINING_MAX);
    made.push(...(await Promise.all(next.map((item, at) => make(item, from + at)))));
  }
  return made;
}

/**
 * Tokens evenly spread over each second and over the conversations; resolves with how many there
 * were.
 */
export async function speak(
  emitter: PlainWire,
  at: number,
  plan: AgentsPlan,
  silence: AbortSignal,
) {
  const gapMs = 1_000 / plan.perSecond;
  let next = performance.now() + (gapMs * at) / plan.conversations;
  let sent = 0;
  for (;;) {
    await sleep(Math.max(0, next - performance.now()));
    if (silence.aborted) return sent;
    emitter.emit(spokenBy(at, sent));
    sent += 1;
    next += gapMs;
  }
}

/** Resolves when everybody has heard all of it, or when there was time enough. */
export async function untilHeard({ ears }: Agents, sent: readonly number[]): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  const isHeard = () => ears.every((some, at) => some.every((ear) => ear.hasHeard(sent[at] ?? 0)));
  while (!isHeard() && performance.now() < deadline) await sleep(LOOK_AGAIN_MS);
}
