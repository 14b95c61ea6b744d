/** uPlot, the library that draws the report's plots, as text to put in the report. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

/** Set by the bundle, which has no packages beside it. */
declare const AMS_UPLOT_SCRIPT: string | undefined;
declare const AMS_UPLOT_STYLE: string | undefined;

export type PlotAssets = { readonly script: string; readonly style: string };

export async function readPlotAssets(): Promise<PlotAssets> {
  const isBundle = typeof AMS_UPLOT_SCRIPT === "string" && typeof AMS_UPLOT_STYLE === "string";
  if (isBundle) return { script: AMS_UPLOT_SCRIPT, style: AMS_UPLOT_STYLE };
  const { resolve } = createRequire(import.meta.url);
  const [script, style] = await Promise.all(
    ["uPlot.iife.min.js", "uPlot.min.css"].map((name) =>
      readFile(resolve(`uplot/dist/${name}`), "utf8"),
    ),
  );
  return { script: script ?? "", style: style ?? "" };
}
