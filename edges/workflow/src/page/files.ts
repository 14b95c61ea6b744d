/** The page of a run: its own, with a strict policy, and files of its own. */
import { readFileSync } from "node:fs";
import { reject } from "../answers.ts";

/** Scripts, styles and requests of this origin only; nothing inline, no text becomes markup. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join("; ");

const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex",
  "cache-control": "no-store",
  vary: "accept",
};

const FILES: ReadonlyMap<string, readonly [string, string]> = new Map([
  ["run.js", ["text/javascript; charset=utf-8", read("run.js")]],
  ["run.css", ["text/css; charset=utf-8", read("run.css")]],
]);

/** Addresses are relative, so that it works below whatever path a proxy serves it. */
const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A workflow run</title>
<link rel="stylesheet" href="../../../page/run.css">
<header>
  <h1 id="title">A workflow run</h1>
  <span id="run"></span>
  <span id="status" role="status">loading</span>
  <button id="stop" type="button">Stop this run</button>
  <span id="said" role="status"></span>
</header>
<ul id="steps" aria-label="Steps"></ul>
<div class="scroll"><svg id="graph" role="img" aria-label="Graph of messages"></svg></div>
<noscript>This page needs JavaScript. The same is at this address as JSON.</noscript>
<script type="module" src="../../../page/run.js"></script>
</html>
`;

export function runPage(): Response {
  return new Response(PAGE, {
    headers: { ...HEADERS, "content-type": "text/html; charset=utf-8" },
  });
}

export function pageFile(name: string): Response {
  const [type, text] = FILES.get(name) ?? reject("not_found");
  return new Response(text, { headers: { ...HEADERS, "content-type": type } });
}

/** Beside the package's code, as built and as source. */
function read(name: string): string {
  return readFileSync(new URL(`../../page/${name}`, import.meta.url), "utf8");
}
