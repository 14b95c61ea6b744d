/** The figures as a table for people. */
import type { Machine } from "./machine.ts";
import type { CaseResult, Row } from "./row.ts";

const HEADER = ["", "control", "ours", "ratio", "reach", ""];

export function formatMachine(machine: Machine, isSmoke = false): string {
  const { processors, memoryGiB, system, node, commit, date } = machine;
  return [
    `machine      ${processors}, ${memoryGiB} GiB, ${system}`,
    `of           commit ${commit}, Node ${node}, ${date}`,
    ...(isSmoke
      ? [
          "smoke        a moment of each case, with fewer clients than it says: nothing here shows how fast",
        ]
      : []),
    "",
  ].join("\n");
}

export function formatCase(result: CaseResult): string {
  const rows = [HEADER, ...result.rows.map(cells)];
  const widths = HEADER.map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? "")].length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column > 3
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const faults = result.faults.map((fault) => `  WRONG: ${fault}`);
  return [
    `${result.name}: ${result.about}`,
    ...lines.map((line) => `  ${line}`),
    ...faults,
    "",
  ].join("\n");
}

/** The run in one sentence: what its exit status says. */
export function verdictOf(results: readonly CaseResult[]): string {
  const wrong = results.filter(({ faults }) => faults.length > 0).map(({ name }) => name);
  return wrong.length === 0
    ? "In all of it no token was lost, doubled or reordered."
    : `Something was WRONG in ${wrong.join(", ")}: see there.`;
}

function cells(row: Row): string[] {
  const { reach } = row;
  return [
    row.what,
    formatNumber(row.control),
    formatNumber(row.ours),
    formatNumber(row.ratio),
    reach === null ? "" : `${reach.text} ${reach.isReached ? "reached" : "NOT REACHED"}`,
    row.note,
  ];
}

/** Three digits that mean something, and no more than a reader needs. */
export function formatNumber(value: number | null): string {
  if (value === null) return "–";
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(0)} k`;
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
