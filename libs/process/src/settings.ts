/**
 * Configuration from the environment. A service declares its settings once, with type, default,
 * unit and reason; from that one declaration come the reading, the faults, and the table in
 * docs/OPERATIONS.md.
 */
import { z } from "zod";

/**
 * One environment variable. `read` is given its text, or the default when it is absent or empty.
 */
export type Setting<Value> = {
  readonly read: z.ZodType<Value, string>;
  /** As it would be in the environment; empty means that there is none. */
  readonly fallback: string;
  /** What it does, in a sentence, with its unit. */
  readonly about: string;
  /** True when its value must never be shown. */
  readonly secret: boolean;
};

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values that settings read to, by the same names. */
export type ValuesOf<Declared extends Settings> = {
  readonly [Name in keyof Declared]: Declared[Name] extends Setting<infer Value> ? Value : never;
};

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Exit status of a process that was given a configuration it can't run with (sysexits' EX_CONFIG).
 */
export const EXIT_CONFIG = 78;

export function integer(
  fallback: number,
  about: string,
  range: { min?: number; max?: number } = {},
): Setting<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = range;
  const read = z
    .string()
    .regex(/^\d{1,16}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine(
      (value) => value >= min && value <= max,
      `must be a whole number from ${min} to ${max}`,
    );
  return { read, fallback: String(fallback), about, secret: false };
}

export function flag(fallback: boolean, about: string): Setting<boolean> {
  const read = z
    .enum(["true", "false", "1", "0"], "must be true or false")
    .transform((text) => text === "true" || text === "1");
  return { read, fallback: String(fallback), about, secret: false };
}

/** One of these words; `about` needn't list them. */
export function choice<const Values extends readonly [string, ...string[]]>(
  values: Values,
  fallback: Values[number],
  about: string,
): Setting<Values[number]> {
  const read = z.enum(values, `must be one of ${values.join(", ")}`);
  const words = values.map((value) => `\`${value}\``).join(", ");
  return { read, fallback, about: `${about} One of ${words}.`, secret: false };
}

/** Any text; null when it is absent or empty. */
export function text(fallback: string, about: string): Setting<string | null> {
  const read = z.string().transform((value) => (value === "" ? null : value));
  return { read, fallback, about, secret: false };
}

/** A name of this form, which `rule` says in words; null when it is absent or empty. */
export function optionalName(form: RegExp, rule: string, about: string): Setting<string | null> {
  const read = z
    .string()
    .refine((value) => value === "" || form.test(value), rule)
    .transform((value) => (value === "" ? null : value));
  return { read, fallback: "", about, secret: false };
}

/** A TCP port; null when it is absent or empty. 0 lets the system choose. */
export function optionalPort(about: string, fallback = ""): Setting<number | null> {
  const read = z
    .string()
    .regex(/^\d{0,5}$/, "must be a port")
    .transform((value) => (value === "" ? null : Number(value)))
    .refine((port) => port === null || port <= 65_535, "must be a port");
  return { read, fallback, about, secret: false };
}

/** An http(s) base URL without a trailing slash; null when it is absent or empty. */
export function optionalBaseUrl(about: string): Setting<string | null> {
  const read = z
    .string()
    .refine(
      (value) => value === "" || (/^https?:\/\/[^?#\s]+$/.test(value) && URL.canParse(value)),
      "must be an http or https URL",
    )
    .transform((value) => (value === "" ? null : value.replace(/(?<!\/)\/+$/, "")));
  return { read, fallback: "", about, secret: false };
}

/** Comma-separated secrets, in order; never shown. */
export function secretList(about: string, charactersMin: number): Setting<readonly string[]> {
  const read = z
    .string()
    .transform((value) => (value === "" ? [] : value.split(",").map((item) => item.trim())))
    .refine(
      (items) => items.every((item) => item.length >= charactersMin),
      `must be secrets of at least ${charactersMin} characters, separated by commas`,
    );
  return { read, fallback: "", about, secret: true };
}

/** Text that holds a secret, such as a URL with a password; never shown; null when absent. */
export function secretText(about: string): Setting<string | null> {
  return { ...text("", about), secret: true };
}

/** A configuration that was read, or every fault of it. */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly faults: readonly string[] };

export type Read<Declared extends Settings> = Checked<ValuesOf<Declared>>;

/**
 * Every setting's value, or every fault at once. A value is repeated in a fault only when it is no
 * secret.
 */
export function readSettings<Declared extends Settings>(
  declared: Declared,
  environment: Environment,
): Read<Declared> {
  const faults: string[] = [];
  const values = Object.entries(declared).map(([name, setting]) => {
    const given = environment[name] || setting.fallback;
    const result = setting.read.safeParse(given);
    if (result.success) return [name, result.data];
    const shown = setting.secret ? "" : `, not "${given}"`;
    faults.push(`${name} ${result.error.issues[0]?.message ?? "is wrong"}${shown}`);
    return [name, undefined];
  });
  if (faults.length > 0) return { ok: false, faults };
  // Each value was read by its own setting, which is what `ValuesOf` says of it.
  return { ok: true, value: Object.fromEntries(values) };
}

/** The faults of several readings, each fault once: readings may share settings. */
export function faultsOf(
  ...reads: readonly (
    | { readonly ok: true }
    | { readonly ok: false; readonly faults: readonly string[] }
  )[]
): readonly string[] {
  return [...new Set(reads.flatMap((read) => (read.ok ? [] : read.faults)))];
}

/** The rows of a configuration table in Markdown. */
export function settingsTable(declared: Settings): string {
  const rows = Object.entries(declared).map(([name, { fallback, about }]) => {
    const shown = fallback === "" ? "none" : `\`${fallback}\``;
    return `| \`${name}\` | ${shown} | ${about.replaceAll("|", "\\|")} |`;
  });
  return ["| variable | default | what it does |", "|---|---|---|", ...rows].join("\n");
}
