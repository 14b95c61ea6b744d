/** Plays one case: the broker's part on a real socket, the owner's part by an adapter. */
import { expect } from "vitest";
import type { Adapter, Answer } from "./adapter.ts";
import { type Broker, type Call, type Fields, frameOf, PEER_ID } from "./broker.ts";

export type Case = {
  readonly title: string;
  readonly each?: Readonly<Record<string, readonly unknown[]>>;
  readonly link?: string;
  /** Asks for a join whose options have this mistake. */
  readonly bad?: string;
  readonly options: Fields;
  readonly steps: readonly Fields[];
};

/** The close code of each reason that a case may name (§6.1). */
const CODES: Readonly<Record<string, number>> = {
  invalid_magic_link: 4001,
  link_revoked: 4001,
  stream_displaced: 4001,
  invalid_credential: 4002,
  account_concurrency_limit: 4003,
  conversation_subscriber_limit: 4003,
  stream_name_conflict: 4004,
  conversation_not_found: 4005,
  conversation_closed: 4005,
  subscriber_backpressure: 4290,
  malformed_frame: 4400,
  unknown_frame_type: 4400,
  host_not_allowed: 4400,
  no_replay: 4400,
  invalid_cursor: 4400,
  internal_error: 4500,
  draining: 4503,
};
const CREDENTIAL = `ams_sk_${"c".repeat(43)}`;
const BAD_OPTIONS: Readonly<Record<string, Fields>> = {
  invalid_credential: { credential: "ams_sk_short" },
  invalid_stream_name: { stream_name: "-a" },
  invalid_stream_metadata: { stream_metadata: { a: "x".repeat(16_400) } },
  invalid_argument: { subscribe_streams: ["peer"] },
};

/** Each case once per value of its `each`. */
export function expand(one: Case): readonly Case[] {
  const [entry] = Object.entries(one.each ?? {});
  if (entry === undefined) return [fill(one, {})];
  const [name, values] = entry;
  return values.map((value) => {
    const code = name === "reason" ? CODES[String(value)] : value;
    return fill(one, { [name]: value, code });
  });
}

export async function play(one: Case, adapter: Adapter, broker: Broker, on: string): Promise<void> {
  const { credential, ...wishes } = one.options;
  const own = credential === true ? { credential: CREDENTIAL } : {};
  const options = { ...wishes, ...own, ...BAD_OPTIONS[one.bad ?? ""] };
  const link = one.link ?? broker.link;
  const joining = adapter.call({ op: "join", on, link, options });
  const started = new Map<string, Promise<Answer>>([["", joining]]);
  let call: Call | null = null;
  const live = () => {
    if (call === null) throw new Error("There is no connection yet.");
    return call;
  };
  for (const [index, step] of one.steps.entries()) {
    const where = `step ${index + 1} of "${one.title}"`;
    if ("accept" in step) {
      call = await broker.call();
      call.join(step.accept as Fields);
      judge(await joining, {}, where);
    } else if ("refuse" in step) {
      const [code, reason] = step.refuse as [number, string];
      (await broker.call()).close(Number(code), reason);
    } else if ("refuse_with" in step) (await broker.call()).say(step.refuse_with as Fields);
    else if ("joined" in step) judge(await joining, step.joined as Fields, where);
    else if ("connect" in step) expectQuery(live(), step.connect as Fields, where);
    else if ("protocol" in step) expect(live().protocols, where).toContain(step.protocol);
    else if ("say" in step) for (const short of step.say as Fields[]) live().say(frameOf(short));
    else if ("say_text" in step) live().sayText(String(step.say_text));
    else if ("cut" in step) live().cut();
    else if ("close" in step) {
      const [code, reason] = step.close as [number, string];
      live().close(Number(code), reason);
    } else if ("hears" in step)
      expect(await live().hears(), where).toMatchObject(step.hears as object);
    else if ("events" in step) await expectEvents(adapter, on, step.events as Fields[], where);
    else if ("settled" in step) judge(await started.get(String(step.settled)), step, where);
    else if ("do" in step) {
      const request = step.do as Fields;
      const answer = adapter.call({ on, as: step.as, ...request });
      const isListening = request.listen === true;
      if (typeof step.as === "string" && !isListening) started.set(step.as, answer);
      else judge(await answer, isListening ? {} : step, where);
    } else throw new Error(`No step: ${JSON.stringify(step)}`);
  }
}

function judge(answer: Answer | undefined, { returns, raises }: Fields, where: string): void {
  if (raises !== undefined) expect(answer, where).toEqual({ error: raises });
  else if (returns !== undefined) expect(answer, where).toEqual({ ok: returns });
  else expect(answer, where).toHaveProperty("ok");
}

async function expectEvents(
  adapter: Adapter,
  on: string,
  expected: readonly Fields[],
  where: string,
): Promise<void> {
  const answer = await adapter.call({ op: "events", on, count: expected.length });
  expect(answer, where).toMatchObject({ ok: expected });
}

function expectQuery(call: Call, members: Fields, where: string): void {
  for (const [name, value] of Object.entries(members)) {
    expect(call.query.get(name), `${name}, ${where}`).toBe(value);
  }
}

/** Lays the values over the names that begin with $, and `{repeat: [text, n]}` over its text. */
function fill<Value>(value: Value, names: Fields): Value {
  const all: Fields = { ...names, peer_id: PEER_ID, credential: CREDENTIAL };
  const walk = (item: unknown): unknown => {
    if (typeof item === "string") {
      const [, whole] = /^\$(\w+)$/.exec(item) ?? [];
      if (whole !== undefined && whole in all) return all[whole];
      return item.replace(/\$(\w+)/g, (text, name: string) => String(all[name] ?? text));
    }
    if (Array.isArray(item)) return item.map(walk);
    if (typeof item !== "object" || item === null) return item;
    const { repeat } = item as Fields;
    if (Array.isArray(repeat)) return String(repeat[0]).repeat(Number(repeat[1]));
    return Object.fromEntries(Object.entries(item).map(([key, member]) => [key, walk(member)]));
  };
  return walk(value) as Value;
}
