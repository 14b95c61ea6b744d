/**
 * Where the entry port sends a request, by reading deploy/entry/Caddyfile as Caddy would: blocks of
 * `handle`, of which the first that matches has it. It knows the few directives and matchers that
 * the file has, and throws at any other.
 */

export type Asked = {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
};

/** One line of the file, with the lines of the block that it opens. */
type Directive = { readonly words: readonly string[]; readonly block: readonly Directive[] };

export type EntryFile = {
  /** Host and port of every upstream that the request may reach. */
  readonly upstreamsOf: (asked: Asked) => readonly string[];
  /** Every line, as words. */
  readonly directives: readonly (readonly string[])[];
};

export function readCaddyfile(text: string): EntryFile {
  const lines = text.split("\n").map((line) => line.trim());
  const root = readBlock(lines.filter((line) => line !== "" && !line.startsWith("#")));
  const snippets = new Map(root.map(({ words, block }) => [words[0] ?? "", block]));
  const site = root.find(({ words }) => words[0]?.startsWith(":"));
  if (site === undefined) throw new Error("The Caddyfile has no site.");
  return {
    upstreamsOf: (asked) => upstreams(site.block, asked, snippets),
    directives: flat(root).map(({ words }) => words),
  };
}

function readBlock(lines: string[]): readonly Directive[] {
  const read: Directive[] = [];
  for (let line = lines.shift(); line !== undefined && line !== "}"; line = lines.shift()) {
    const words = line.split(/\s+/);
    const opens = words.at(-1) === "{";
    read.push(
      opens ? { words: words.slice(0, -1), block: readBlock(lines) } : { words, block: [] },
    );
  }
  return read;
}

function flat(directives: readonly Directive[]): readonly Directive[] {
  return directives.flatMap((directive) => [directive, ...flat(directive.block)]);
}

function upstreams(
  block: readonly Directive[],
  asked: Asked,
  snippets: ReadonlyMap<string, readonly Directive[]>,
): readonly string[] {
  const matchers = new Map(
    block.filter(({ words }) => words[0]?.startsWith("@")).map((line) => [line.words[0], line]),
  );
  for (const { words, block: inner } of block) {
    const [name = "", ...rest] = words;
    if (name.startsWith("@")) continue;
    if (name === "import") return upstreams(snippets.get(`(${rest[0]})`) ?? [], asked, snippets);
    if (name === "reverse_proxy") return rest;
    if (name !== "handle") throw new Error(`This reader doesn't know the directive ${name}.`);
    const matcher = matchers.get(rest[0]);
    if (rest.length > 0 && matcher === undefined) throw new Error(`There is no ${rest[0]}.`);
    if (matcher === undefined || isMatch(matcher, asked)) return upstreams(inner, asked, snippets);
  }
  throw new Error(`Nothing takes ${asked.method} ${asked.path}.`);
}

function isMatch({ words: [, ...own], block }: Directive, asked: Asked): boolean {
  const conditions = own.length > 0 ? [own] : block.map(({ words }) => words);
  return conditions.every((condition) => holds(condition, asked));
}

function holds([kind = "", ...values]: readonly string[], asked: Asked): boolean {
  const [first = "", second = ""] = values;
  switch (kind) {
    case "not":
      return !holds(values, asked);
    case "method":
      return values.includes(asked.method);
    case "path_regexp":
      return new RegExp(first).test(asked.path);
    case "header":
      return isLike(second, asked.headers[first.toLowerCase()]);
    default:
      throw new Error(`This reader doesn't know the matcher ${kind}.`);
  }
}

/** A header's pattern: `*` for any value, `*text*` for one that holds the text, else the value. */
function isLike(pattern: string, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (pattern === "*") return true;
  const [, within] = /^\*(.+)\*$/.exec(pattern) ?? [];
  return within === undefined ? value === pattern : value.includes(within);
}
