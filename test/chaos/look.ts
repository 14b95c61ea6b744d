/** What a run looks at when its faults are over: rosters, last words, and what the log holds. */
import { setTimeout as pause } from "node:timers/promises";
import WebSocket from "ws";
import { Invariants } from "../conformance/invariants.ts";
import type { Client, Talk } from "./client.ts";
import type { Outcome } from "./history.ts";

/** Milliseconds between two looks. */
const LOOK_MS = 200;

/** Milliseconds until a refused connect is tried again. */
const AGAIN_MS = 300;

/** Frames that a reader asks of a log: more than a run makes. */
const LAST_N = 1_000_000;

/** Brings everybody back, one of each name; the last that comes has the stream. */
export async function untilQuiet(clients: readonly Client[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs;
  const byName = new Map(clients.map((client) => [`${client.talk.index} ${client.name}`, client]));
  await Promise.all(
    [...byName.values()].map(async (client) => {
      while (client.present === null && performance.now() < deadline)
        if (!(await client.connect())) await pause(AGAIN_MS);
    }),
  );
}

/** Looks until all is right or the time is over, and says how it was then. */
export async function look(
  base: string,
  talk: Talk,
  members: readonly Client[],
  withinMs: number,
): Promise<Omit<Outcome, "conversation" | "kept">> {
  const deadline = performance.now() + withinMs;
  const words = new Map<Client, string[]>();
  for (;;) {
    const present = members.filter((client) => client.present !== null);
    for (const speaker of present) {
      const word = speaker.say();
      if (word !== null) words.set(speaker, [...(words.get(speaker) ?? []), word]);
    }
    await pause(LOOK_MS);
    const open = members.flatMap(({ present: one }) => one?.id ?? []);
    const listed = await inspect(base, talk);
    const deaf = present.flatMap((reader) => problemsOf(reader, present, listed, words));
    const isRight = deaf.length === 0 && isSame(open, listed);
    if (isRight || performance.now() > deadline) return { listed, open, deaf };
  }
}

function problemsOf(
  reader: Client,
  present: readonly Client[],
  listed: readonly string[],
  words: ReadonlyMap<Client, readonly string[]>,
): string[] {
  const roster = [...(reader.present?.roster ?? [])];
  const problems = isSame(roster, listed) ? [] : [`roster of ${reader.name} is another`];
  for (const speaker of present) {
    if (speaker === reader || speaker.present?.id === reader.present?.id) continue;
    const said = words.get(speaker) ?? [];
    if (said.some((word) => reader.hasHeard(word))) continue;
    problems.push(`${reader.name} hears nothing of ${speaker.name}`);
  }
  return problems;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  const [left, right] = [new Set(one), new Set(other)];
  return left.size === right.size && [...left].every((id) => right.has(id));
}

async function inspect(base: string, { path, token }: Talk): Promise<readonly string[]> {
  try {
    const response = await fetch(`${base}/v1${path}?t=${token}`);
    const body = (await response.json()) as { streams?: { stream_id: string }[] };
    return (body.streams ?? []).map(({ stream_id }) => stream_id);
  } catch {
    return ["unknown: control did not answer"];
  }
}

/** All frames that the conversation's log holds, as a reader that comes late gets them. */
export async function readLog(gateway: string, { path, token }: Talk) {
  const query = new URLSearchParams({ t: token, stream_name: "late", last_n: `${LAST_N}` });
  const url = `${gateway.replace("http", "ws")}${path}/connect?${query}`;
  const socket = new WebSocket(url, ["ams.v1", "ams.guest"], { perMessageDeflate: false });
  const kept: { id: string; data: string }[] = [];
  const invariants = new Invariants();
  await new Promise<void>((resolve) => {
    socket.on("message", (data, isBinary) => {
      const frame = invariants.check(String(data), isBinary);
      if (frame?.type === "x_live") resolve();
      if (frame?.type !== "token" && frame?.type !== "stream_metadata") return;
      if (frame.replay !== true) return;
      kept.push({
        id: `${frame.stream_id} ${frame.seq}`,
        data: frame.type === "token" ? frame.data : "metadata",
      });
    });
    socket.on("close", () => resolve());
    socket.on("error", () => undefined);
  });
  const closed = new Promise((resolve) => socket.once("close", resolve));
  if (socket.readyState !== WebSocket.CLOSED) {
    socket.terminate();
    await closed;
  }
  return kept;
}
