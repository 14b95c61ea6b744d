/**
 * Colours: each stream has one of its own for as long as it is here, notes are dim, the roster is a
 * quiet line.
 */
import type { Colors } from "../terminal/output.ts";
import type { Drawn } from "./screen.ts";
import type { Row } from "./transcript.ts";
import { columnsOf, fit } from "./width.ts";

type Named = { readonly id: string; readonly name: string };

/** Colours that can be read on dark and on light. */
const VOICES = ["cyan", "magenta", "green", "yellow", "blue", "red"] as const;
const ROSTER_SEPARATOR = " · ";

/** The same colour for the same stream, on every terminal. */
function paintName({ id, name }: Named, colors: Colors): string {
  const sum = [...id].reduce(
    (hash, character) => (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0,
    7,
  );
  return colors[VOICES[sum % VOICES.length] ?? "cyan"](name);
}

/** `name: text`; rows that go on with an earlier one are below its text. */
export function styleRow({ voice, text, isFirst }: Row, prefix: number, colors: Colors): Drawn {
  if (voice === null) {
    const plain = `${isFirst ? "* " : "  "}${text}`;
    return { plain, styled: colors.dim(plain) };
  }
  if (!isFirst) {
    const plain = " ".repeat(prefix) + text;
    return { plain, styled: plain };
  }
  return { plain: `${voice.name}: ${text}`, styled: `${paintName(voice, colors)}: ${text}` };
}

/**
 * Who is here, as many as fit: `── 3 here: birch-k3ta (you) · agent · scribe`. It isn't filled up
 * to the edge: a row that is shorter than a terminal stays one row when that becomes narrower.
 */
export function rosterRow(
  own: Named,
  peers: readonly Named[],
  status: string | null,
  columns: number,
  colors: Colors,
): Drawn {
  const sorted = [...peers].sort((one, other) => (one.name < other.name ? -1 : 1));
  const words = status ?? `${peers.length + 1} here: `;
  const names = status === null ? [{ ...own, name: `${own.name} (you)` }, ...sorted] : [];
  let plain = `── ${fit(words, columns - 4)}`;
  let styled = colors.dim(plain);
  for (const [index, named] of names.entries()) {
    const separator = index === 0 ? "" : ROSTER_SEPARATOR;
    const left = names.length - index;
    const more = `${separator}${left} more`;
    const space = columns - columnsOf(plain) - columnsOf(separator) - columnsOf(named.name) - 2;
    if (space < (left === 1 ? 0 : columnsOf(more))) {
      const rest = fit(more, columns - columnsOf(plain) - 1);
      return { plain: plain + rest, styled: styled + colors.dim(rest) };
    }
    plain += separator + named.name;
    styled += colors.dim(separator) + paintName(named, colors);
  }
  return { plain, styled };
}
