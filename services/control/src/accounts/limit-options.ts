/** The limits as options of the operator's commands: `--streams N|default` and so on. */
import {
  type AccountLimits,
  isLimitValue,
  LIMIT_MAX,
  LIMIT_MIN,
  type LimitName,
} from "@ams/directory";

/** By option: the limit that it sets, and what it means. */
const OPTIONS = {
  streams: ["streams_max", "streams at a time, in all its conversations together"],
  guests: ["guests_max", "guests of its conversations at a time, all together; 0: none"],
  conversations: ["conversations_max", "conversations at a time"],
  subscribers: ["subscribers_max", "subscribers of each of its conversations at a time"],
  mints: ["mints_per_minute", "mints per minute; 0: no limit"],
  frames: ["frames_per_second", "frames per second that its streams send; 0: no limit"],
  bytes: ["bytes_per_second", "bytes per second of those frames; 0: no limit"],
  deliveries: ["deliveries_per_second", "deliveries per second of those frames; 0: no limit"],
  "replay-bytes": ["replay_bytes_max", "bytes that each conversation may keep; 0: no replay"],
  "replay-seconds": ["replay_seconds_max", "seconds that it may keep them; 0: no replay"],
} as const satisfies Record<string, readonly [LimitName, string]>;

type Option = keyof typeof OPTIONS;

const NAMES = Object.keys(OPTIONS) as readonly Option[];

/** For `parseArgs`. */
export const LIMIT_ARGS = Object.fromEntries(
  NAMES.map((name) => [name, { type: "string" }] as const),
) as Readonly<Record<Option, { readonly type: "string" }>>;

export const LIMIT_ARGS_USAGE = `${NAMES.map((name) => `  ${`--${name} N`.padEnd(19)} ${OPTIONS[name][1]}`).join("\n")}
  default             as a value: follow the plan, or the deployment's setting, again`;

/** The limits that are given; what is absent stays as it is. Else what is wrong, in a sentence. */
export function readLimitArgs(
  values: Readonly<Record<string, unknown>>,
):
  | { readonly ok: true; readonly value: Partial<AccountLimits> }
  | { readonly ok: false; readonly fault: string } {
  const limits: { -readonly [Limit in LimitName]?: number | null } = {};
  for (const name of NAMES) {
    const text = values[name];
    if (typeof text !== "string") continue;
    const limit = OPTIONS[name][0];
    const read = readLimit(text);
    if (read === undefined || !isLimitValue(limit, read)) {
      const range = `from ${LIMIT_MIN[limit]} to ${LIMIT_MAX}`;
      return { ok: false, fault: `--${name} is a whole number ${range}, or default` };
    }
    limits[limit] = read;
  }
  return { ok: true, value: limits };
}

function readLimit(text: string): number | null | undefined {
  if (text === "default") return null;
  return /^\d{1,13}$/.test(text) ? Number(text) : undefined;
}
