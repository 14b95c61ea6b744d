/**
 * A conversation as a fold of its log: definitions, runs, halts, and the tree of all messages.
 */
import { TreeHashes, toHex } from "@ams/provenance";
import { CHAT, type Definition, readDefinition } from "./definition.ts";
import type { Committed, Facts, InterruptFacts } from "./entry.ts";
import { leafOf, messageHash } from "./fingerprint.ts";
import { foldAgent } from "./fold-agent.ts";
import { foldRollback } from "./fold-rollback.ts";
import type { Header } from "./header.ts";
import type { Node } from "./node.ts";
import { Run, stronger } from "./run.ts";
import { CHAT_RUN, type Halt } from "./words.ts";

type HaltMoment = { readonly size: number; readonly halt: Halt; readonly at: number };

/** What an entry changed besides the log: for whoever notifies agents. */
export type Change = { readonly node: Node; readonly header: Header; readonly facts: Facts | null };

export class Conversation {
  readonly id: string;
  readonly tree = new TreeHashes();
  readonly nodes: Node[] = [];
  readonly definitions = new Map<string, Map<number, Definition>>();
  readonly runs = new Map<string, Run>();
  /** Runs that have not ended. */
  readonly open = new Set<string>();
  readonly agentHalts = new Map<string, HaltMoment>();
  /** The interrupts that changed something, by seq. */
  readonly effective = new Set<number>();
  /** The time of the last message. */
  at = 0;
  /** The seq of each `define`, by the definition's hash. */
  readonly #defined = new Map<string, number>();
  readonly #byId = new Map<string, number>();
  readonly #byMsg = new Map<string, number>();
  readonly #halts: HaltMoment[] = [{ size: 0, halt: "none", at: 0 }];

  constructor(id: string) {
    this.id = id;
    this.runs.set(
      CHAT_RUN,
      new Run({
        id: CHAT_RUN,
        definition: CHAT,
        startedBy: "",
        startedAt: 0,
        bornAt: 0,
        roles: new Map(),
      }),
    );
  }

  get size(): number {
    return this.nodes.length;
  }

  root(size = this.size): string {
    return toHex(this.tree.root(size));
  }

  /** Of the whole conversation. */
  get halt(): Halt {
    return this.#halts.at(-1)?.halt ?? "none";
  }

  get haltAt(): number {
    return this.#halts.at(-1)?.at ?? 0;
  }

  haltAtSize(size: number): Halt {
    return this.#halts.findLast((moment) => moment.size <= size)?.halt ?? "none";
  }

  byId(id: string): Node | null {
    return this.#at(this.#byId.get(id));
  }

  byMsg(msg: string): Node | null {
    return this.#at(this.#byMsg.get(msg));
  }

  /** The definition of a version, of the highest one unless it is given. */
  definition(name: string, version?: number): Definition | null {
    const versions = this.definitions.get(name);
    if (versions === undefined) return null;
    return versions.get(version ?? Math.max(...versions.keys())) ?? null;
  }

  /** The seq of the `define` of this hash; −1 where there is none. */
  definedAt(def: string): number {
    return this.#defined.get(def) ?? -1;
  }

  /** The run's state hash of the entries below `size`. */
  stateAt(run: string, size: number): string | null {
    return this.runs.get(run)?.stateAt(size, this.haltAtSize(size)) ?? null;
  }

  /** Takes the next message of the log. Its order is the only truth: nothing is judged. */
  apply(committed: Committed, at: number): Change {
    const { header, facts, account } = committed;
    const msg = messageHash(header);
    const seq = this.size;
    const node = nodeOf(header, { seq, at, msg, account });
    this.tree.append(leafOf(msg, at));
    this.nodes.push(node);
    this.#byId.set(header.id, seq);
    this.#byMsg.set(msg, seq);
    this.at = at;
    this.#fold(header, facts, node);
    const run = this.runs.get(node.run);
    run?.seqs.push(seq);
    if (run !== undefined && run.id !== CHAT_RUN) {
      if (run.isEnded(this.halt)) this.open.delete(run.id);
      else this.open.add(run.id);
    }
    return { node, header, facts };
  }

  #at(seq: number | undefined): Node | null {
    return seq === undefined ? null : (this.nodes[seq] ?? null);
  }

  #fold(header: Header, facts: Facts | null, node: Node): void {
    if (facts !== null && "start" in facts) this.#start(facts.start, header, node);
    const run = this.runs.get(node.run);
    if (facts !== null && "interrupt" in facts) {
      this.#interrupt(facts.interrupt, header, node, run ?? null);
      return;
    }
    if (run === undefined) return;
    if (facts !== null && "define" in facts) this.#define(facts.define, node.seq);
    if (facts !== null && "grant" in facts) {
      const { role, to } = facts.grant;
      run.roles.set(role, new Set([...(run.roles.get(role) ?? []), ...to]));
    }
    if (foldRollback(run, header, facts, node, (msg) => this.byMsg(msg))) return;
    foldAgent(run, header, facts, node);
  }

  #define(source: Parameters<typeof readDefinition>[0], seq: number): void {
    const read = readDefinition(source, () => null);
    if (!read.ok) throw new Error("a definition in the log is one");
    const { name, v } = read.value;
    const versions = this.definitions.get(name) ?? new Map<number, Definition>();
    versions.set(v, read.value);
    this.#defined.set(read.value.def, seq);
    this.definitions.set(name, versions);
  }

  #start(
    facts: {
      workflow: string;
      version: number;
      roles: Readonly<Record<string, readonly string[]>>;
    },
    header: Header,
    { run, seq, at }: Node,
  ): void {
    const definition = this.definition(facts.workflow, facts.version);
    if (definition === null) throw new Error("a run in the log has a definition");
    const roles = new Map(Object.entries(facts.roles));
    const startedBy = header.agent_identity.on_behalf_of ?? "";
    const own = { id: run, definition, startedBy, startedAt: at, bornAt: seq + 1, roles };
    this.runs.set(run, new Run(own));
  }

  #interrupt(facts: InterruptFacts, header: Header, node: Node, run: Run | null): void {
    const op = header.workflow_state.op;
    const { seq, at } = node;
    const size = seq + 1;
    const next = (halt: Halt): Halt => {
      if (op === "resume") return halt === "kill" ? "kill" : "none";
      return op === "stop" || op === "pause" || op === "kill" ? stronger(halt, op) : halt;
    };
    if (facts.scope === "conversation") {
      const halt = next(this.halt);
      if (halt === this.halt) return;
      this.effective.add(seq);
      this.#halts.push({ size, halt, at });
      if (halt === "kill") this.open.clear();
      return;
    }
    if (facts.scope === "agent") {
      const did = facts.did ?? "";
      const before = this.agentHalts.get(did)?.halt ?? "none";
      const halt = next(before);
      if (halt === before) return;
      this.effective.add(seq);
      this.agentHalts.set(did, { size, halt, at });
      return;
    }
    if (run === null || run.isEnded(this.halt)) return;
    const halt = next(run.ownHalt);
    if (halt === run.ownHalt) return;
    this.effective.add(seq);
    run.haltAt = at;
    run.change(size, { halt });
  }
}

function nodeOf(
  { id, type, workflow_state: state, execution_path: path, agent_identity, body }: Header,
  placed: Pick<Node, "seq" | "at" | "msg" | "account">,
): Node {
  const { run, epoch, op, workflow_step: step } = state;
  const { branch, node, parents } = path;
  const { did } = agent_identity;
  const what = { id, type, op, run, epoch, step, size: body.size, body: body.sha256 };
  return { ...placed, ...what, branch, node, parents, did };
}
