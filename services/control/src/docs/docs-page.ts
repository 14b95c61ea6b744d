/**
 * `/docs`: the OpenAPI document as one readable page, without scripts and without anything from
 * elsewhere.
 */
import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import { type Answer, type Field, type Operation, operationsOf } from "./docs-model.ts";
import { STYLE } from "./docs-style.ts";
import type { OpenApiDocument } from "./openapi.ts";

/** Nothing may be loaded or run but the page's own style, which is named by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-cache",
  "content-security-policy": POLICY,
};

/** Replaces in the page the base URL, which differs by request: all the rest is made once. */
const BASE_URL = "https://base-url.invalid";

const pages = new WeakMap<OpenApiDocument, Promise<string>>();

/** `baseUrl` is where the examples send their requests. */
export async function docsPage(document: OpenApiDocument, baseUrl: string): Promise<string> {
  const page = pages.get(document) ?? makePage(document, BASE_URL);
  pages.set(document, page);
  const escaped = await html`${baseUrl}`;
  return (await page).replaceAll(BASE_URL, () => escaped.toString());
}

async function makePage(document: OpenApiDocument, baseUrl: string): Promise<string> {
  const operations = operationsOf(document);
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<header>
<h1>${document.info.title}</h1>
<p>${prose(document.info.description ?? "")}</p>
<p class="soft">Version ${document.info.version} · for machines: <a href="/openapi.json">/openapi.json</a></p>
</header>
<nav aria-label="Operations"><ul>${operations.map(navigation)}</ul></nav>
<main>${operations.map((operation) => section(operation, baseUrl))}</main>
</body>
</html>`;
  return page.toString();
}

function navigation({ id, method, path, summary }: Operation) {
  return html`<li><a href="#${id}">${summary}</a><br><code class="soft">${method} ${path}</code></li>`;
}

function section(operation: Operation, baseUrl: string) {
  const { id, method, path, summary, about, auth, parameters, body, answers } = operation;
  return html`
<section id="${id}">
<h2>${summary}</h2>
<p class="call"><code><span class="method">${method}</span> ${path}</code></p>
<p>${prose(about)}</p>
${auth.length === 0 ? "" : html`<p class="soft">Needs ${auth.map(wayIn).join(" or ")}.</p>`}
<pre tabindex="0"><code>${curlOf(operation, baseUrl)}</code></pre>
${fieldList("Parameters", parameters)}
${fieldList("Body", body)}
${answers.map(answerList)}
</section>`;
}

function fieldList(title: string, fields: readonly Field[]) {
  if (fields.length === 0) return "";
  return html`<h3>${title}</h3><dl>${fields.map(
    ({ name, type, required, about }) => html`
<div><dt><code>${name}</code></dt><dd class="soft">${type}${required ? "" : ", optional"}. ${about}</dd></div>`,
  )}</dl>`;
}

function answerList({ status, lines, fields }: Answer) {
  return html`<h3>${status}</h3>
<ul class="codes">${lines.map((line) => html`<li>${prose(line)}</li>`)}</ul>
${fieldList(`${status} body`, fields)}`;
}

function wayIn(name: string): string {
  return name === "link" ? "a link token in t" : "an account's credential";
}

/** A command that can be pasted, with the reader's own values in capitals. */
function curlOf({ method, path, curl, auth, parameters }: Operation, baseUrl: string): string {
  const address = path.replaceAll("{namespace}", "NAMESPACE").replaceAll("{alias}", "ALIAS");
  const byLink = auth.includes("link");
  const bearer =
    auth.includes("credential") && !byLink ? `-H "Authorization: Bearer $AMS_CREDENTIAL" ` : "";
  const query = byLink && parameters.length > 0 ? "?t=LINK_TOKEN" : "";
  const argument = curl === "" || curl.includes(method) ? curl : `-X ${method} ${curl}`;
  const space = argument === "" ? "" : " ";
  return `curl ${argument}${space}${bearer}'${baseUrl}${address}${query}'`;
}

/** Text with its \`code\` marked up; everything else is escaped. */
function prose(text: string) {
  return text
    .split("`")
    .map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`));
}
