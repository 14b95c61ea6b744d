/**
 * A run's result as one HTML file that asks for nothing from anywhere: plots, figures, and their
 * JSON.
 */

import { rampOf } from "../schedule.ts";
import { faultsOf } from "../verify/tally.ts";
import { readPlotAssets } from "./plot-assets.ts";
import { REPORT_SCRIPT } from "./report-script.ts";
import { REPORT_STYLE } from "./report-style.ts";
import type { LoadResult } from "./result.ts";
import { jsonOf } from "./result-json.ts";
import {
  comingSentences,
  countRows,
  eachOf,
  READ_BY,
  rateSentence,
  saturationSentence,
  timeSentence,
  verdictOf,
} from "./table.ts";
import { count, percent, plural, rate, span } from "./words.ts";

/** Nothing may be fetched, and nothing runs but what is in the file. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

export async function reportOf(result: LoadResult): Promise<string> {
  const plot = await readPlotAssets();
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>Load on ${asText(result.host)}</title>
<style>${plot.style}${REPORT_STYLE}</style>
<main>
${headOf(result)}
${tilesOf(result)}
${limitOf(result)}
<section><h2>Latency, emit to receive</h2><div class="plot" id="latency"></div></section>
<section><h2>Deliveries per second</h2><div class="plot" id="deliveries"></div></section>
<section><h2>Distribution of latency</h2><div class="plot" id="histogram"></div></section>
<section><h2>Load client</h2><div class="plot" id="client"></div></section>
${countsOf(result)}
${notesOf(result)}
</main>
<script type="application/json" id="result">${inScript(JSON.stringify(jsonOf(result)))}</script>
<script>${plot.script}</script>
<script>${REPORT_SCRIPT}</script>
</html>
`;
}

function headOf(result: LoadResult): string {
  const { outcome, host, brokerVersion, startedAt, plan, machine, identity } = result;
  return `<header>
<p class="verdict ${outcome}">${verdictOf(result)}</p>
<h1>${asText(plan.name ?? `Load on ${host}`)}</h1>
<p>${eachOf(plan)}${plural(plan.subscribers, "subscriber")} and ${plural(plan.emitters, "emitter")} as ${identity}s, each emitter at ${rateSentence(plan)} tokens/s of ${count(plan.payloadBytes)} bytes ${timeSentence(plan)}. ${comingSentences(plan).join(" ")}</p>
<p class="small">AMS ${asText(brokerVersion)} · ${startedAt} · measured from ${machine.platform} with ${machine.cores} cores (${asText(machine.cpu)}), Node ${machine.node}, ${plural(plan.processes, "load process", "load processes")}</p>
</header>`;
}

function tilesOf({ latency, deliveriesPerSecond, tally }: LoadResult): string {
  const latencyOf = (us: number) => (latency.max === 0 ? "–" : span(us));
  const tiles: readonly (readonly [string, string])[] = [
    ["p50", latencyOf(latency.p50)],
    ["p90", latencyOf(latency.p90)],
    ["p99", latencyOf(latency.p99)],
    ["p99.9", latencyOf(latency.p999)],
    ["deliveries/s", rate(deliveriesPerSecond)],
    ["faults", count(faultsOf(tally))],
  ];
  const cells = tiles.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return `<dl class="tiles">${cells.join("")}</dl>`;
}

function limitOf({ client, saturation, plan }: LoadResult): string {
  const limit = client.isLimit
    ? `<p class="warning"><b>The load client itself, or the machine that it runs on, was the limit</b>: these figures say little of the deployment. ${asText(client.reasons.join(" "))}</p>`
    : "";
  if (rampOf(plan.rhythm) === 0) return limit;
  const sentence =
    saturation === null
      ? "No saturation point: neither losses nor a bend in latency up to the full rate."
      : saturationSentence(saturation);
  return `${limit}<p class="saturation">${sentence}</p>`;
}

function countsOf(result: LoadResult): string {
  const rows = countRows(result).map(([name, value, isBad]) => tableRow(name, value, isBad));
  const closes =
    result.closes.length === 0
      ? [tableRow("closes", "none", false)]
      : result.closes.map(({ code, reason, count: times }) =>
          tableRow("closed", `${count(times)} × ${code ?? "-"} ${reason}`, true),
        );
  const { cpuMax, stallMsMax, ceilingPerProcess } = result.client;
  const client = [
    tableRow("load client, CPU of a core at most", percent(cpuMax), false),
    tableRow("load client, longest stall", span(stallMsMax * 1_000), false),
    tableRow("load client, sent late (p99)", span(result.lateness.p99), false),
    ...(ceilingPerProcess === null
      ? []
      : [tableRow("load client, deliveries per CPU second", count(ceilingPerProcess), false)]),
  ];
  return `<section><h2>Counts</h2><table>${[...rows, ...closes, ...latenciesOf(result), ...client].join("")}</table></section>`;
}

/** By way of reading where there are several, and of those that came late. */
function latenciesOf({ byKind, comings }: LoadResult): readonly string[] {
  const kinds = byKind.length > 1 ? byKind : [];
  const spans = ({ p50, p99 }: LoadResult["latency"]) => `p50 ${span(p50)}, p99 ${span(p99)}`;
  return [
    ...kinds.map(({ kind, latency }) =>
      tableRow(`read by ${READ_BY[kind]}`, spans(latency), false),
    ),
    ...(comings === null
      ? []
      : [
          tableRow("joins while it went on", spans(comings.joining), false),
          tableRow("begun late by", spans(comings.lateness), false),
          ...comings.refusals.map((one) =>
            tableRow("late joins refused", `${count(one.count)} × ${one.code}`, true),
          ),
        ]),
  ];
}

function tableRow(name: string, value: string, isBad: boolean): string {
  return `<tr${isBad ? ' class="bad"' : ""}><th scope="row">${asText(name)}</th><td>${asText(value)}</td></tr>`;
}

function notesOf({ notes, version }: LoadResult): string {
  const items = notes.map((note) => `<li>${asText(note)}</li>`).join("");
  return `<footer><ul>${items}</ul><p>Written by ams ${asText(version)}. The figures are in this file as JSON, in the element <code>result</code>.</p></footer>`;
}

function asText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** JSON that can't end the element that it is in. */
function inScript(json: string): string {
  return json.replaceAll("<", "\\u003c");
}
