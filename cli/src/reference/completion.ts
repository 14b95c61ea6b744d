/** Scripts by which a shell completes the names of commands and options of `ams`. */
import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** A command by its path, such as `link new`, and what may follow it. */
type Node = {
  readonly path: string;
  readonly description: string;
  readonly commands: readonly string[];
  readonly options: readonly (readonly [string, string])[];
};

export function completionScript(program: Command, shell: Shell): string {
  const nodes = nodesOf(program, "");
  switch (shell) {
    case "bash":
      return bash(nodes);
    case "zsh":
      return `#compdef ams\nautoload -U +X bashcompinit && bashcompinit\n${bash(nodes)}`;
    case "fish":
      return fish(nodes);
  }
}

function nodesOf(command: Command, path: string): readonly Node[] {
  const children = command.commands;
  const options = [
    ...command.options,
    ...(command.parent === null ? [] : globals(command)),
  ].flatMap(({ long, description }) => (long ? [[long, description] as const] : []));
  const own: Node = {
    path,
    description: command.description(),
    commands: children.map((child) => child.name()),
    options: [...options, ["--help", "print the help of this command"]],
  };
  const below = children.flatMap((child) => nodesOf(child, `${path} ${child.name()}`.trim()));
  return [own, ...below];
}

/** The options of the program itself hold for every command. */
function globals(command: Command): Command["options"] {
  let top = command;
  while (top.parent !== null) top = top.parent;
  return top.options.filter(({ long }) => long !== "--version");
}

function bash(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, commands, options }) => {
    const words = [...commands, ...options.map(([long]) => long)].join(" ");
    return `    "${path}") words="${words}" ;;`;
  });
  return `# ams completion bash: source <(ams completion bash)
_ams() {
  local path="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      -*) ;;
      *) case " ${nodes.map(({ path }) => path.replaceAll(" ", "/")).join(" ")} " in
           *" \${path:+\${path// /\\/}/}$word "*) path="\${path:+$path }$word" ;;
         esac ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _ams ams
`;
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, commands, options }) => {
    const seen = path.split(" ").map((word) => `__fish_seen_subcommand_from ${word}`);
    const others =
      commands.length === 0 ? "" : `; and not __fish_seen_subcommand_from ${commands.join(" ")}`;
    const when = path === "" ? "__fish_use_subcommand" : `${seen.join("; and ")}${others}`;
    const of = (name: string) =>
      nodes.find((node) => node.path === `${path} ${name}`.trim())?.description ?? "";
    return [
      ...commands.map(
        (name) => `complete -c ams -f -n ${quoted(when)} -a ${name} -d ${quoted(of(name))}`,
      ),
      ...options.map(
        ([long, about]) =>
          `complete -c ams -n ${quoted(when)} -l ${long.replace(/^--/, "")} -d ${quoted(about)}`,
      ),
    ];
  });
  return `# ams completion fish: ams completion fish | source\n${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
