/** A load scenario: a YAML file, checked as a whole before anything is connected. */
import { isNode, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { KINDS, type Plan } from "../plan.ts";
import { readAssertions } from "../report/assertions.ts";
import { lengthOf, owedBy, type Rhythm } from "../schedule.ts";
import { PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MIN } from "../verify/payload.ts";

/** Characters of a file: a scenario has some hundred. */
const FILE_CHARACTERS_MAX = 262_144;
/** Faults that are listed at once. */
const FAULTS_MAX = 20;
const PHASES_MAX = 100;
const CONVERSATIONS_MAX = 100_000;
const PER_CONVERSATION_MAX = 100_000;
/** Seconds of a run: a day. */
const LENGTH_S_MAX = 86_400;
/** Arrivals, and reconnects, of one run: each is an object of this client. */
const EVENTS_MAX = 1_000_000;

const duration = z
  .union([z.string(), z.number()])
  .transform((value, context) => {
    const seconds = secondsOf(String(value));
    if (seconds !== null) return seconds;
    context.addIssue({ code: "custom", message: "a time, such as 500ms, 30s, 10m or 2h" });
    return z.NEVER;
  })
  .refine((seconds) => seconds <= LENGTH_S_MAX, "at most a day");

/** One value, or from and to. */
function rangeOf<Item extends z.ZodType<number, number | string>>(item: Item) {
  return z.union([item.transform((value) => [value, value] as const), z.tuple([item, item])]);
}

const rate = rangeOf(z.number().min(0).max(1_000_000));
const span = rangeOf(duration).refine(([from, to]) => from <= to, "the first is the shorter time");

const phase = z.strictObject({
  name: z.string().max(100).optional(),
  duration: duration.refine((seconds) => seconds > 0, "more than no time"),
  /** Tokens per second of each emitter. */
  rate,
  /** Visitors per second, of all conversations together. */
  arrivals: rate.default([0, 0]),
  /** Percent of all subscribers per minute whose connection ends. */
  reconnects: rangeOf(z.number().min(0).max(6_000)).default([0, 0]),
});

const percent = z.number().min(0).max(100).default(0);

const schema = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  seed: z.int().min(0).max(2_147_483_647).default(1),
  conversations: z.int().min(1).max(CONVERSATIONS_MAX).default(1),
  emitters: z.int().min(0).max(PER_CONVERSATION_MAX).default(1),
  subscribers: z.int().min(0).max(PER_CONVERSATION_MAX).default(10),
  emit_only: z.boolean().default(false),
  /** Of those by WebSocket: peers, or counts alone (§4.5.4). */
  roster: z.enum(["full", "summary"]).default("full"),
  readers: z
    .strictObject({ websocket: percent, sse: percent, mcp: percent })
    .refine(({ websocket, sse, mcp }) => websocket + sse + mcp === 100, "together 100 percent")
    .default({ websocket: 100, sse: 0, mcp: 0 }),
  token_bytes: z.int().min(PAYLOAD_BYTES_MIN).max(PAYLOAD_BYTES_MAX).default(64),
  turns: z.strictObject({ tokens: z.int().min(1).max(1_000_000), think: span }).optional(),
  visits: z.strictObject({ stay: span }).optional(),
  away: span.default([1, 5]),
  phases: z.array(phase).min(1).max(PHASES_MAX),
  assert: z.array(z.string().max(200)).max(100).default([]),
  sources: z.array(z.ipv4()).max(256).default([]),
  /** Where WebSockets go instead of the link's origin. */
  origins: z
    .array(z.url({ protocol: /^https?$/ }))
    .max(256)
    .default([]),
  processes: z.int().min(1).max(64).optional(),
});

/** What a run is to do, before it is held against this machine. */
export type Scenario = Pick<
  Plan,
  | "name"
  | "conversations"
  | "subscribers"
  | "emitters"
  | "mix"
  | "payloadBytes"
  | "summary"
  | "emitOnly"
  | "rhythm"
  | "turns"
  | "visits"
  | "drops"
  | "seed"
  | "sources"
  | "origins"
> & {
  /** Null takes as many as it needs. */
  readonly processes: number | null;
  /** As they are written for `--assert`. */
  readonly assertions: readonly string[];
};

export type ReadScenario =
  | { readonly ok: true; readonly scenario: Scenario }
  /** Sentences, each with its line and its member. */
  | { readonly ok: false; readonly faults: readonly string[] };

/** The scenario of a file's text. */
export function readScenario(text: string): ReadScenario {
  if (text.length > FILE_CHARACTERS_MAX) {
    return { ok: false, faults: [`A scenario has at most ${FILE_CHARACTERS_MAX} characters.`] };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const lineAt = (offset: number | undefined) =>
    offset === undefined ? 1 : lines.linePos(offset).line;
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ message, pos }) => {
      const [sentence] = message.split(" at line ");
      return `line ${lineAt(pos[0])}: ${sentence}`;
    });
    return { ok: false, faults: faults.slice(0, FAULTS_MAX) };
  }
  const lineOf = (path: readonly PropertyKey[]): number => {
    const node = document.getIn(path, true);
    if (isNode(node)) return lineAt(node.range?.[0]);
    return path.length === 0 ? 1 : lineOf(path.slice(0, -1));
  };
  const read = schema.safeParse(document.toJS({ maxAliasCount: 10 }));
  const faults = read.success ? faultsIn(read.data) : read.error.issues.flatMap(flat);
  if (!read.success || faults.length > 0) {
    const sentences = faults.map(
      ({ path, message }) => `line ${lineOf(path)}: ${nameOf(path)}: ${message}`,
    );
    return { ok: false, faults: sentences.slice(0, FAULTS_MAX) };
  }
  return { ok: true, scenario: scenarioOf(read.data) };
}

type File = z.output<typeof schema>;
type Fault = { readonly path: readonly PropertyKey[]; readonly message: string };

/** What only members together show. */
function faultsIn(file: File): readonly Fault[] {
  const { phases, visits, emitters, subscribers, emit_only } = file;
  const fault = (path: readonly PropertyKey[], message: string): Fault => ({ path, message });
  const { arrivals, events } = rhythmsOf(file);
  const length = lengthOf(arrivals);
  const some = (rhythm: Rhythm) => owedBy(rhythm, length);
  const arrive = phases.findIndex((one) => Math.max(...one.arrivals) > 0);
  return [
    ...(length > LENGTH_S_MAX ? [fault(["phases"], "together at most a day")] : []),
    ...(emitters + subscribers === 0 && arrive < 0
      ? [fault(["subscribers"], "there is nobody to connect")]
      : []),
    ...(emit_only && subscribers === 0 && arrive < 0
      ? [fault(["emit_only"], "somebody must listen")]
      : []),
    ...(arrive >= 0 && visits === undefined
      ? [fault(["phases", arrive, "arrivals"], "visits.stay says how long a visitor stays")]
      : []),
    ...(some(arrivals) > EVENTS_MAX || some(events) > EVENTS_MAX
      ? [fault(["phases"], `at most ${EVENTS_MAX} arrivals, and as many reconnects`)]
      : []),
    ...file.assert.flatMap((text, index) => {
      const read = readAssertions(text);
      return read.ok ? [] : [fault(["assert", index], read.sentence)];
    }),
  ];
}

function rhythmsOf({ phases, conversations, subscribers }: File) {
  const of = (pick: (one: File["phases"][number]) => readonly [number, number]): Rhythm =>
    phases.map((one) => {
      const [from, to] = pick(one);
      return { seconds: one.duration, from, to };
    });
  const perSecond = (conversations * subscribers) / 100 / 60;
  return {
    tokens: of((one) => one.rate),
    arrivals: of((one) => one.arrivals),
    events: of(({ reconnects: [from, to] }) => [from * perSecond, to * perSecond]),
  };
}

function scenarioOf(file: File): Scenario {
  const { tokens, arrivals, events } = rhythmsOf(file);
  const happens = (rhythm: Rhythm) => owedBy(rhythm, lengthOf(rhythm)) > 0;
  const { turns, visits, readers } = file;
  const [websocket = 1, sse = 0, mcp = 0] = KINDS.map((kind) => readers[kind] / 100);
  return {
    name: file.name ?? null,
    conversations: file.conversations,
    subscribers: file.subscribers,
    emitters: file.emitters,
    mix: { websocket, sse, mcp },
    payloadBytes: file.token_bytes,
    summary: file.roster === "summary",
    emitOnly: file.emit_only,
    rhythm: tokens,
    turns: turns === undefined ? null : { tokens: turns.tokens, think_s: turns.think },
    visits: visits === undefined || !happens(arrivals) ? null : { arrivals, stay_s: visits.stay },
    drops: happens(events) ? { events, away_s: file.away } : null,
    seed: file.seed,
    sources: file.sources,
    origins: file.origins,
    processes: file.processes ?? null,
    assertions: file.assert,
  };
}

/** Of a union that fits in no way, what the way that came furthest lacks. */
function flat(issue: z.core.$ZodIssue): readonly Fault[] {
  if (issue.code !== "invalid_union") return [{ path: issue.path, message: issue.message }];
  const own = issue.errors.flatMap((ways) => ways.filter(({ code }) => code === "custom"));
  const message = own[0]?.message ?? "one value, or [from, to]";
  return [{ path: issue.path, message }];
}

/** `phases[1].rate` */
function nameOf(path: readonly PropertyKey[]): string {
  const name = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`));
  return name.join("").replace(/^\./, "") || "the scenario";
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400 };

function secondsOf(text: string): number | null {
  const [, digits, unit = "s"] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)?$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * (UNITS[unit] ?? 1);
}
