/**
 * What docker-compose.yml gives each service, read as far as the file goes: anchors of settings at
 * the top, and under `services` each one's environment. It is no YAML parser, so the test also asks
 * that no setting of the file was overlooked.
 */

export type Deployed = {
  readonly name: string;
  readonly image: string;
  /** Path from the root; null where another service builds the image, or nobody here does. */
  readonly dockerfile: string | null;
  /** What the Dockerfile is given: the folder of the program, and its port. */
  readonly args: { readonly program: string; readonly port: string };
  readonly networks: readonly string[];
  /**
   * As the process gets it when nothing is set but what is needed, which then is 32 bytes in hex.
   */
  readonly environment: Readonly<Record<string, string>>;
};

type Variables = Readonly<Record<string, string>>;

const NEEDED = "0".repeat(64);

/** The value is quoted, interpolated or plain. */
const VARIABLE = /(?:^|[{,\n])\s*([A-Z][A-Z0-9_]*): ("[^"]*"|\$\{[^}]*\}|[^,\n}]+)/g;

export function readCompose(text: string): readonly Deployed[] {
  const plain = text.replace(/^\s*#.*\n/gm, "");
  const anchors = new Map(
    [...plain.matchAll(/^x-[\w-]+: &([\w-]+)\n((?: {2}.*\n|\n)*)/gm)].map(
      ([, name = "", body = ""]) => [name, variablesOf(body)],
    ),
  );
  const [, services = ""] = /^services:\n((?: {2}.*\n|\n)*)/m.exec(plain) ?? [];
  return [...services.matchAll(/^ {2}([\w-]+):\n((?: {4}.*\n|\n)*)/gm)].map(
    ([, name = "", body = ""]) => readDeployed(name, body, anchors),
  );
}

/** Every name that looks like a setting's, wherever it stands. */
export function settingNames(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/\b([A-Z][A-Z0-9_]*): /g)].map(([, name = ""]) => name));
}

function readDeployed(
  name: string,
  body: string,
  anchors: ReadonlyMap<string, Variables>,
): Deployed {
  const [, environment = ""] = /^ {4}environment:((?:.*\n)(?: {6}.*\n)*)/m.exec(body) ?? [];
  const [, merged = ""] = /<<: \[?([^\]\n,]*(?:, \*[\w-]+)*)\]?/.exec(environment) ?? [];
  const shared = [...merged.matchAll(/\*([\w-]+)/g)].map(([, anchor = ""]) => {
    const found = anchors.get(anchor);
    if (found === undefined) throw new Error(`${name} names *${anchor}, which isn't there.`);
    return found;
  });
  return {
    name,
    image: / {4}image: (\S+)/.exec(body)?.[1] ?? "",
    dockerfile: /dockerfile: ([^\s}]+)/.exec(body)?.[1] ?? null,
    args: {
      program: / program: ([\w/-]+)/.exec(body)?.[1] ?? "",
      port: / port: "(\d+)"/.exec(body)?.[1] ?? "",
    },
    networks: /networks: \[(.*)\]/.exec(body)?.[1]?.split(", ") ?? [],
    environment: Object.assign({}, ...shared, variablesOf(environment)),
  };
}

function variablesOf(text: string): Variables {
  return Object.fromEntries(
    [...text.matchAll(VARIABLE)].map(([, name = "", value = ""]) => [name, interpolated(value)]),
  );
}

function interpolated(value: string): string {
  return value
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .replace(/\$\{\w+:([?-])([^}]*)\}/g, (_, kind: string, fallback: string) =>
      kind === "?" ? NEEDED : fallback,
    );
}
