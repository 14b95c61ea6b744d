/**
 * What a load client is asked to do, and the text in which it is given: both clients, C and Node,
 * read the same.
 */

export type Member = {
  readonly port: number;
  /** Where it goes when it has lost the first. */
  readonly otherPort?: number;
  /** A loopback address to come from; the system chooses unless given. */
  readonly source?: string;
  /** Who emits here is heard by whoever hears here, and by nobody else. */
  readonly channel: number;
  readonly emits?: boolean;
  readonly hears?: boolean;
  /** Stops reading once it has entered. */
  readonly slow?: boolean;
  /** The whole upgrade request; empty on a raw connection. */
  readonly request?: string;
  /** What it says first. */
  readonly hello?: string;
  /** What the server says once it has entered. */
  readonly ready: string;
  /** What is before and behind the payload in what it sends. */
  readonly prefix?: string;
  readonly suffix?: string;
};

/** Members that are driven and counted together. */
export type Group = {
  readonly name: string;
  /** Plain bytes instead of WebSocket frames. */
  readonly raw?: boolean;
  readonly binary?: boolean;
  /** Each emitter hears itself and nobody else. */
  readonly echo?: boolean;
  /** Whoever loses its connection opens another one, after so long. */
  readonly comesBack?: { readonly pauseMs: number };
  /**
   * The broker's seq is before the payload, begins at 1 and must agree with the emitter's own
   * count.
   */
  readonly checksSeq?: boolean;
  /** Bytes. */
  readonly payload: number;
  readonly pace: Pace;
  /** A heartbeat of the protocol, and its answer. */
  readonly heartbeat?: { readonly asks: string; readonly answer: string };
  /** Frames with this text are counted: the broker reports a loss. */
  readonly alarm?: string;
  readonly members: readonly Member[];
};

/**
 * Tokens per second and emitter; or as fast as it goes with so many tokens of one emitter on their
 * way.
 */
export type Pace =
  | { readonly kind: "paced"; readonly perSecond: number }
  | { readonly kind: "saturated"; readonly window: number }
  | { readonly kind: "silent" };

export type LoadSpec = {
  readonly warmupMs: number;
  /** Null: until it is asked to stop. */
  readonly measureMs: number | null;
  /** For tokens that are still on their way when the time is up. */
  readonly drainMs: number;
  readonly connectMs: number;
  /**
   * Connections that may wait for their upgrade at once, and those that may wait to enter, the
   * former included.
   */
  readonly connectingMax: number;
  readonly enteringMax: number;
  /** Processes whose time on the processors is read when the measure begins and ends. */
  readonly watched: Readonly<Record<string, number>>;
  readonly groups: readonly Group[];
};

type Value = string | number | boolean | undefined;

/** The specification as lines of `word key=value`, values percent-encoded, the last one `end`. */
export function formatSpec(spec: LoadSpec): string {
  return [
    line("run", {
      warmup_ms: spec.warmupMs,
      measure_ms: spec.measureMs ?? 0,
      holds: spec.measureMs === null,
      drain_ms: spec.drainMs,
      connect_ms: spec.connectMs,
      connecting_max: spec.connectingMax,
      entering_max: spec.enteringMax,
    }),
    ...Object.entries(spec.watched).map(([name, pid]) => line("watch", { name, pid })),
    ...spec.groups.map(groupLine),
    ...spec.groups.flatMap((group, index) =>
      group.members.map((member) => memberLine(member, index)),
    ),
    "end\n",
  ].join("\n");
}

function groupLine(group: Group): string {
  const { pace } = group;
  return line("group", {
    name: group.name,
    raw: group.raw,
    binary: group.binary,
    echo: group.echo,
    comes_back: group.comesBack !== undefined,
    pause_ms: group.comesBack?.pauseMs,
    checks_seq: group.checksSeq,
    payload: group.payload,
    rate: pace.kind === "paced" ? pace.perSecond : 0,
    window: pace.kind === "saturated" ? pace.window : 0,
    answer_to: group.heartbeat?.asks,
    answer: group.heartbeat?.answer,
    alarm: group.alarm,
  });
}

function memberLine(member: Member, group: number): string {
  const { slow, port, otherPort: other_port, source, channel, emits, hears, ...texts } = member;
  return line("member", {
    group,
    channel,
    port,
    other_port,
    source,
    emits,
    hears,
    slow,
    ...texts,
  });
}

/** False, empty and absent values are left out. */
function line(word: string, values: Readonly<Record<string, Value>>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  return `${word} ${pairs.map(([key, value]) => `${key}=${encode(value)}`).join(" ")}`;
}

function encode(value: Value): string {
  if (typeof value !== "string") return String(Number(value));
  return encodeURIComponent(value);
}
