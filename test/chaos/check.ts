/** Judges a history, operation by operation. Each violation has a name and where it was seen. */
import { readSeq } from "../conformance/invariants.ts";
import { type ConnectionRecord, type History, type Outcome, readWord } from "./history.ts";

export type ViolationKind =
  | "order"
  | "silent_loss"
  | "old_epoch"
  | "echo"
  | "foreign"
  | "altered"
  | "invented"
  | "frames_outside_roster"
  | "time"
  | "malformed"
  | "two_holders"
  | "roster_differs"
  | "deaf"
  | "log_differs"
  | "leaked";

export type Violation = {
  readonly kind: ViolationKind;
  readonly what: string;
  /** The connection that saw it; null for the whole run. */
  readonly connection: ConnectionRecord | null;
};

/** How a reader says that a stream left at a later seq than it had heard: a lost tail shows so. */
const LEFT_AT = /^§4\.6\.3 \S+ left at (\d+)-(\d+), heard up to (\d+)-(\d+)$/;
const SEQ_AFTER = /^§4\.6 seq (\d+)-(\d+) after (\d+)-(\d+) /;

export function judge(history: History): readonly Violation[] {
  return [
    ...history.connections.flatMap(ownInvariants),
    ...history.connections.flatMap(strangeTokens),
    ...differingContents(history),
    ...history.outcomes.flatMap(wrongOutcome),
    ...history.outcomes.flatMap((outcome) => wrongLog(history, outcome)),
    ...leftOver(history),
  ];
}

/** The protocol's invariants on one connection, by the name of what is broken. */
function ownInvariants(connection: ConnectionRecord): Violation[] {
  return connection.broken.flatMap((what) => {
    const kind = kindOf(what);
    return kind === null ? [] : [{ kind, what, connection }];
  });
}

function kindOf(broken: string): ViolationKind | null {
  const [, leftEpoch, left, heardEpoch, heard] = LEFT_AT.exec(broken) ?? [];
  if (leftEpoch !== undefined) {
    const isLostTail = leftEpoch === heardEpoch && Number(left) > Number(heard);
    return isLostTail ? null : "order";
  }
  const [, epoch, n, beforeEpoch, beforeN] = SEQ_AFTER.exec(broken) ?? [];
  if (epoch !== undefined) {
    if (Number(epoch) < Number(beforeEpoch)) return "old_epoch";
    return Number(n) > Number(beforeN) ? "silent_loss" : "order";
  }
  if (broken.startsWith("§5.5") || broken.startsWith("§5.6")) return "frames_outside_roster";
  return broken.startsWith("§4.6.2") ? "time" : "malformed";
}

/** Tokens that this reader must never hear, or not in this form. */
function strangeTokens(connection: ConnectionRecord): Violation[] {
  return connection.heard.flatMap(({ frame }): Violation[] => {
    if (frame.type !== "token") return [];
    const what = `${frame.seq} ${frame.data.slice(0, 80)}`;
    const word = readWord(frame.data);
    const first = connection.heard[0]?.frame;
    const isOwn = first?.type === "joined" && first.stream_id === frame.stream_id;
    if (isOwn && frame.replay === undefined) return [{ kind: "echo", what, connection }];
    if (word.conversation !== connection.conversation)
      return [{ kind: "foreign", what, connection }];
    return word.name === frame.stream_name ? [] : [{ kind: "altered", what, connection }];
  });
}

/** Every reader of a seq has the same text, and it is one that was sent. */
function differingContents({ connections }: History): Violation[] {
  const sent = new Set(connections.flatMap((one) => one.sent));
  const texts = new Map<string, string>();
  return connections.flatMap((connection) =>
    connection.heard.flatMap(({ frame }): Violation[] => {
      if (frame.type !== "token") return [];
      const id = `${frame.stream_id} ${frame.seq}`;
      const known = texts.get(id) ?? frame.data;
      texts.set(id, known);
      const what = `${id} ${frame.data.slice(0, 80)}`;
      if (!sent.has(frame.data)) return [{ kind: "invented", what, connection }];
      return known === frame.data ? [] : [{ kind: "altered", what, connection }];
    }),
  );
}

/** The rosters, once the faults are over and the time that §5.6 gives has passed. */
function wrongOutcome({ conversation, listed, open, deaf }: Outcome): Violation[] {
  const violations: Violation[] = [];
  const add = (kind: ViolationKind, what: string) =>
    violations.push({ kind, what: `conversation ${conversation}: ${what}`, connection: null });
  if (new Set(open).size < open.length) add("two_holders", "a stream has two open connections");
  const [truth, said] = [new Set(open), new Set(listed)];
  const ghosts = listed.filter((id) => !truth.has(id));
  const missing = open.filter((id) => !said.has(id));
  if (ghosts.length + missing.length > 0)
    add("roster_differs", `inspect has ghosts ${ghosts.join()} and misses ${missing.join()}`);
  for (const one of deaf) add(one.startsWith("roster") ? "roster_differs" : "deaf", one);
  return violations;
}

/** The log has what readers heard live, once and in order, and every frame with a receipt. */
function wrongLog(history: History, { conversation, kept }: Outcome): Violation[] {
  if (kept === null) return [];
  const violations: Violation[] = [];
  const add = (what: string) => violations.push({ kind: "log_differs", what, connection: null });
  const seen = new Map(kept.map(({ id, data }) => [id, data]));
  if (seen.size < kept.length) add(`conversation ${conversation}: a frame is kept twice`);
  for (const { id, data } of outOfOrder(kept)) add(`${id} is kept after a later one: ${data}`);
  if (history.storeForgets) return violations;
  for (const one of history.connections.filter((of) => of.conversation === conversation)) {
    const first = one.heard[0]?.frame;
    if (first?.type !== "joined") continue;
    for (const { frame } of one.heard) {
      if (frame.type !== "x_receipt" || seen.has(`${first.stream_id} ${frame.seq}`)) continue;
      add(`${one.name} ${frame.seq} has a receipt and is not kept`);
    }
  }
  return violations;
}

function outOfOrder(kept: readonly { readonly id: string; readonly data: string }[]) {
  const last = new Map<string, { epoch: number; n: number }>();
  return kept.filter(({ id }) => {
    const [stream = "", text = ""] = id.split(" ");
    const seq = readSeq(text);
    const before = last.get(stream);
    last.set(stream, seq);
    if (before === undefined) return false;
    return seq.epoch < before.epoch || (seq.epoch === before.epoch && seq.n <= before.n);
  });
}

function leftOver({ leftOver: rest }: History): Violation[] {
  if (rest === null || rest.channels + rest.streams === 0) return [];
  const what = `${rest.channels} subscriptions and ${rest.streams} streams when all had left`;
  return [{ kind: "leaked", what, connection: null }];
}
