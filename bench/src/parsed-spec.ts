/**
 * For tests: the specification as the load client reads it, from the lines that `load-spec.ts`
 * writes.
 */

/** The values of one line by key, decoded; absent ones are empty or 0. */
export class Line {
  readonly word: string;
  readonly #values: ReadonlyMap<string, string>;

  constructor(text: string) {
    const [word = "", ...pairs] = text.split(" ");
    this.word = word;
    this.#values = new Map(
      pairs.map((pair) => {
        const at = pair.indexOf("=");
        return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))];
      }),
    );
  }

  text(key: string): string {
    return this.#values.get(key) ?? "";
  }

  number(key: string): number {
    return Number(this.#values.get(key) ?? 0);
  }

  is(key: string): boolean {
    return this.number(key) !== 0;
  }
}

export type ParsedSpec = {
  readonly run: Line;
  readonly watched: readonly Line[];
  readonly groups: readonly Line[];
  readonly members: readonly Line[];
};

export function readSpec(lines: readonly string[]): ParsedSpec {
  const all = lines.map((line) => new Line(line));
  const of = (word: string) => all.filter((line) => line.word === word);
  const [run = new Line("run")] = of("run");
  return { run, watched: of("watch"), groups: of("group"), members: of("member") };
}
