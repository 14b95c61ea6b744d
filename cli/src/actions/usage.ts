/** `ams account usage --hours`: what the account used, by the hour (§2.10.6). */
import type { UsageHour } from "@ams/client";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { accountOf, settingsOf } from "../options/settings.ts";
import { harmless } from "../terminal/harmless.ts";
import { withProgress } from "../terminal/progress.ts";

export type UsageFlags = {
  /** 1 to 840, the present one among them; 24 unless given. */
  readonly hours?: number;
  readonly format?: "text" | "csv" | "json";
};

/** Each row by the names of the protocol: as JSON one a line, as CSV and text below the names. */
export async function usageByHour(context: Context, flags: UsageFlags): Promise<void> {
  const { output, signal } = context;
  const { format = output.json ? "json" : "text", ...hours } = flags;
  if (output.json && format !== "json") {
    throw new CliError("bad_usage", `--json and --format ${format} are two formats: give one.`);
  }
  const account = await accountOf(context, await settingsOf(context));
  const used = await withProgress(output, "asking", () => account.usage({ ...hours, signal }));
  const rows = used.map(rowOf);
  const names = Object.keys(rowOf(NOTHING));
  if (format === "csv") output.answer(null, ...csvOf(names, rows));
  else if (format === "text") output.answer(null, ...tableOf(names, rows));
  else for (const row of rows) output.answer(row, JSON.stringify(row));
  if (rows.length === 0) output.note("Nothing was used in these hours.");
}

type Row = ReturnType<typeof rowOf>;

function rowOf(used: UsageHour) {
  return {
    hour: used.hour,
    tokens_in: used.tokensIn,
    bytes_in: used.bytesIn,
    deliveries: used.deliveries,
    bytes_out: used.bytesOut,
    connection_s: used.connectionS,
    peak_streams: used.peakStreams,
    replay_bytes: used.replayBytes,
  };
}

const NOTHING: UsageHour = {
  ...{ hour: "", tokensIn: 0, bytesIn: 0, deliveries: 0, bytesOut: 0 },
  ...{ connectionS: 0, peakStreams: 0, replayBytes: 0 },
};

/** As the deployment's own CSV: RFC 4180, and no value needs quotes. */
function csvOf(names: readonly string[], rows: readonly Row[]): readonly string[] {
  return [names, ...rows.map(cells)].map((line) => `${line.join(",")}\r`);
}

function tableOf(names: readonly string[], rows: readonly Row[]): readonly string[] {
  const lines = [names, ...rows.map(cells)];
  const widths = names.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  return lines.map((line) => line.map((cell, at) => cell.padStart(widths[at] ?? 0)).join("  "));
}

function cells(row: Row): readonly string[] {
  return Object.values(row).map((value) => harmless(String(value)));
}
