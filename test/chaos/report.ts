/** What a run prints: its counts, and for each kind of violation the history around the first. */
import type { Violation, ViolationKind } from "./check.ts";
import type { ConnectionRecord, History } from "./history.ts";
import type { Judged, Run } from "./run.ts";

/** Frames of the connection that are shown before the violation, and violations per kind. */
const SHOWN = 12;

export function countsOf({ history, violations }: Judged): string {
  const { connections, faults } = history;
  const frames = connections.reduce((sum, one) => sum + one.heard.length, 0);
  const sent = connections.reduce((sum, one) => sum + one.sent.length, 0);
  const injected = faults.filter(({ what }) => what.startsWith("over: ")).length;
  return `${connections.length} connections, ${sent} tokens sent, ${frames} frames heard, ${injected} faults, ${violations.length} violations`;
}

export function kindsOf(violations: readonly Violation[]): ReadonlyMap<ViolationKind, number> {
  const counts = new Map<ViolationKind, number>();
  for (const { kind } of violations) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** Empty for a clean run. */
export function describeFailure(options: Run, { history, violations }: Judged): string {
  const kinds = [...kindsOf(violations)];
  const parts = kinds.map(([kind, count]) => {
    const first = violations.find((one) => one.kind === kind);
    const around = first?.connection ? aroundOf(first, first.connection, history) : "";
    return `${kind} (${count}): ${first?.what}\n${around}`;
  });
  if (parts.length === 0) return "";
  const { seed, ms, form } = options;
  const again = `npm run chaos -- --seed ${seed} --minutes ${ms / 60_000} --redis ${form} --conversations ${options.conversations} --clients ${options.clients} --gateways ${options.gateways}${options.replay ? "" : " --no-replay"}`;
  return `${parts.join("\n")}\nRun it again: ${again}`;
}

/** The connection's last frames of the same stream up to the violation, and the faults beside. */
function aroundOf({ what }: Violation, connection: ConnectionRecord, history: History): string {
  const stream = /str_\w+/.exec(what)?.[0];
  const frames = connection.heard
    .filter(({ frame }) => stream === undefined || JSON.stringify(frame).includes(stream))
    .map(({ atMs, frame }) => ({ atMs, text: JSON.stringify(frame).slice(0, 160) }));
  const seq = /(\d+-\d+)/.exec(what)?.[1] ?? "";
  const found = frames.findIndex(({ text }) => text.includes(`"${seq}"`));
  const end = found < 0 ? frames.length : found + 1;
  const shown = frames.slice(Math.max(0, end - SHOWN), end);
  const [fromMs, toMs] = [(shown[0]?.atMs ?? 0) - 10_000, shown.at(-1)?.atMs ?? 0];
  const faults = history.faults
    .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
    .map((fault) => ({ atMs: fault.atMs, text: `FAULT ${fault.what}` }));
  const head = `  client ${connection.client} (${connection.name}) at ${connection.gateway}${connection.resumed ? ", resumed" : ""}, from ${Math.round(connection.openedMs)} ms`;
  const lines = [...shown, ...faults].sort((one, other) => one.atMs - other.atMs);
  return [head, ...lines.map(({ atMs, text }) => `  ${Math.round(atMs)} ms ${text}`)].join("\n");
}
