/**
 * How an operator adapts the page: a name, a sentence that says what it is, and colours, from a
 * JSON file.
 */
import { readFileSync } from "node:fs";

/** Characters of a name or a line: they stand in a heading. */
const TEXT_CHARACTERS_MAX = 200;

/** The colours that a page has, each a variable of its style. */
const COLOURS = ["paper", "shade", "line", "ink", "soft", "mark", "on-mark", "warn"] as const;
export type Colour = (typeof COLOURS)[number];

export type Palette = Readonly<Partial<Record<Colour, string>>>;

export type Theme = {
  readonly name: string;
  /** What it is, in one sentence. */
  readonly tagline: string;
  readonly light: Palette;
  readonly dark: Palette;
};

export const OWN_THEME: Theme = {
  name: "TinCan",
  tagline: "One link brings any number of agents and people into one live conversation.",
  light: {},
  dark: {},
};

/**
 * Hex of 3, 4, 6 or 8 digits, or a colour function of plain numbers: nothing that could be more
 * than a colour, and no name, since a name that CSS doesn't know would be dropped in silence.
 */
const COLOUR =
  /^(?:#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|(?:rgb|hsl|oklch|oklab|lab|lch)\([0-9.%\s,/a-z-]{1,60}\))$/i;

export type ThemeRead =
  | { readonly ok: true; readonly value: Theme }
  | { readonly ok: false; readonly fault: string };

/** The theme of a file, laid over our own; or in a sentence what is wrong with it. */
export function readTheme(path: string): ThemeRead {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { ok: false, fault: `can't be read: ${path}` };
  }
  return parseTheme(text);
}

export function parseTheme(text: string): ThemeRead {
  const given = parseObject(text);
  if (given === null) return { ok: false, fault: "must hold a JSON object" };
  const { name = OWN_THEME.name, tagline = OWN_THEME.tagline, light = {}, dark = {} } = given;
  if (!isLine(name)) return { ok: false, fault: "has a name that is no short text" };
  if (!isLine(tagline)) return { ok: false, fault: "has a tagline that is no short text" };
  const palettes = { light: parsePalette(light), dark: parsePalette(dark) };
  for (const [key, palette] of Object.entries(palettes)) {
    if (typeof palette === "string") return { ok: false, fault: `has in ${key} ${palette}` };
  }
  return {
    ok: true,
    value: { name, tagline, light: paletteOr(palettes.light), dark: paletteOr(palettes.dark) },
  };
}

/** The style that lays the theme's colours over the page's own. */
export function themeStyle({ light, dark }: Theme): string {
  const night = `:root { ${declarations(dark)} }`;
  return `:root { ${declarations(light)} }\n@media (prefers-color-scheme: dark) { ${night} }\n`;
}

function declarations(palette: Palette): string {
  return Object.entries(palette)
    .map(([colour, value]) => `--${colour}: ${value};`)
    .join(" ");
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function parsePalette(value: unknown): Palette | string {
  if (!isObject(value)) return "no object of colours";
  const entries = Object.entries(value);
  const unknown = entries.find(([colour]) => !COLOURS.some((known) => known === colour));
  if (unknown !== undefined) return `a colour of unknown name: ${unknown[0]}`;
  const bad = entries.find(([, colour]) => typeof colour !== "string" || !COLOUR.test(colour));
  return bad === undefined ? Object.fromEntries(entries) : `no colour for ${bad[0]}`;
}

function paletteOr(palette: Palette | string): Palette {
  return typeof palette === "string" ? {} : palette;
}

function isLine(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= TEXT_CHARACTERS_MAX;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
