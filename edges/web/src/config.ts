/** The settings of the page. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Checked, type Environment, faultsOf, readSettings, text } from "@ams/process";
import { OWN_THEME, readTheme, type Theme } from "./theme.ts";

/** The text that a magic link answers to agents, unless the operator has another. */
const OWN_INSTRUCTIONS = fileURLToPath(new URL("../instructions.md", import.meta.url));

/** Characters of an instruction text: it goes out with every page. */
const INSTRUCTIONS_CHARACTERS_MAX = 65_536;

/** What the page does, alone or composed with a gateway in one process. */
export const WEB_SETTINGS = {
  AMS_WEB_INSTRUCTIONS: text(
    "",
    "A Markdown file that replaces what a magic link answers to agents; its `{{link}}`, `{{alias}}` and so on are filled in.",
  ),
  AMS_WEB_THEME: text(
    "",
    'A JSON file `{"name", "tagline", "light": {…}, "dark": {…}}` that gives the page a name and colours.',
  ),
};

export type WebConfig = {
  /** Markdown with `{{…}}` to be filled in. */
  readonly instructions: string;
  readonly theme: Theme;
};

/** The texts and colours of the page, or every fault at once. The files are read here, once. */
export function readWeb(environment: Environment): Checked<WebConfig> {
  const read = readSettings(WEB_SETTINGS, environment);
  if (!read.ok) return read;
  const { AMS_WEB_INSTRUCTIONS: instructionsFile, AMS_WEB_THEME: themeFile } = read.value;
  const instructions = readInstructions(instructionsFile ?? OWN_INSTRUCTIONS);
  const theme: Checked<Theme> =
    themeFile === null ? { ok: true, value: OWN_THEME } : checkTheme(themeFile);
  if (!instructions.ok || !theme.ok) return { ok: false, faults: faultsOf(instructions, theme) };
  return { ok: true, value: { instructions: instructions.value, theme: theme.value } };
}

function readInstructions(path: string): Checked<string> {
  try {
    const value = readFileSync(path, "utf8");
    if (value.length <= INSTRUCTIONS_CHARACTERS_MAX) return { ok: true, value };
    const fault = `AMS_WEB_INSTRUCTIONS is longer than ${INSTRUCTIONS_CHARACTERS_MAX} characters`;
    return { ok: false, faults: [fault] };
  } catch {
    return { ok: false, faults: [`AMS_WEB_INSTRUCTIONS can't be read: ${path}`] };
  }
}

function checkTheme(path: string): Checked<Theme> {
  const read = readTheme(path);
  return read.ok ? read : { ok: false, faults: [`AMS_WEB_THEME ${read.fault}`] };
}
