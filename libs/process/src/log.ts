/**
 * The log: JSON lines on stderr, one per event, each with a name in `event`. What people said, and
 * what would let somebody in, is never handed to it; the redaction below is the second
 * guard.
 */
import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Pick<Logger, "debug" | "info" | "warn" | "error" | "fatal">;

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;

const REDACTED = [
  "credential",
  "token",
  "magic_link",
  "authorization",
  "url",
  "data",
  "metadata",
  "*.credential",
  "*.token",
  "*.magic_link",
  "*.authorization",
  "*.url",
  "*.data",
  "*.metadata",
];

export function openLog(
  about: { readonly service: string; readonly instance: string; readonly level: string },
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Log {
  return pino(
    {
      level: about.level,
      base: { service: about.service, instance: about.instance },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: REDACTED,
    },
    destination,
  );
}

/**
 * What of an unknown failure may be logged: its name, code and sentence, never what it was about.
 */
export function describeError(error: unknown): {
  readonly name: string;
  readonly code?: string;
  readonly reason: string;
} {
  if (!(error instanceof Error)) return { name: typeof error, reason: "not an Error" };
  const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
  // A parser's message quotes the text that it could not read, and that may be anybody's.
  const reason = error instanceof SyntaxError ? "text that can't be read" : error.message;
  return { name: error.name, ...code, reason };
}
