/**
 * `/_dist/`: the command line and the SDK of this deployment, to install from here, with a page
 * that says how.
 */
import { type Context, Hono } from "hono";
import { html } from "hono/html";
import type { Package, PackageFile, Packages } from "./packages.ts";

/** No namespace begins with an underscore, so no link is hidden by it. */
export const DIST_PREFIX = "/_dist/";

const NOT_BUILT =
  "The packages are not built on this deployment: npm start or npm run build does.\n";
const NOTHING = "There is no such package here: see ./ for those that there are.\n";

/** `page` lays out a title and what is below it. */
type Options = {
  readonly packages: Packages | null;
  readonly baseUrl: (request: Request) => string;
  readonly page: (title: string, body: unknown) => Promise<string>;
};

/** Answers what is below `/_dist/`. */
export function createDist({ packages, baseUrl, page }: Options): Hono {
  const app = new Hono();
  app.get("/_dist", (context) => context.redirect("./_dist/", 302));
  app.get(DIST_PREFIX, async (context) => {
    if (packages === null) return context.text(NOT_BUILT, 503);
    context.header("cache-control", "no-cache");
    return context.html(await page("Install", listing(packages.list, baseUrl(context.req.raw))));
  });
  app.get(`${DIST_PREFIX}packages.json`, (context) => {
    if (packages === null) return context.text(NOT_BUILT, 503);
    context.header("cache-control", "no-cache");
    return context.json({ packages: packages.list });
  });
  app.get(`${DIST_PREFIX}:file`, (context) => {
    const file = packages?.files.get(context.req.param("file"));
    if (file !== undefined) return download(context, file);
    return context.text(packages === null ? NOT_BUILT : NOTHING, packages === null ? 503 : 404);
  });
  app.all(`${DIST_PREFIX}*`, (context) => context.text("", 405, { allow: "GET, HEAD" }));
  return app;
}

/** The name of the newest version stays when its content changes, so a cache has to ask. */
function download(context: Context, { type, body, tag }: PackageFile): Response {
  const headers = { "content-type": type, etag: tag, "cache-control": "no-cache" };
  if (context.req.header("if-none-match") === tag) {
    return new Response(null, { status: 304, headers });
  }
  return new Response(body, { headers });
}

function listing(list: readonly Package[], base: string) {
  const wheel = list.find(({ file }) => file.endsWith(".whl"))?.file;
  return html`<p>The clients of this deployment, as it runs. Those in JavaScript need Node 20 or later
and no registry.</p>
<h2>The command line</h2>
<pre>npx ${base}${DIST_PREFIX}ams.tgz join '&lt;the magic link&gt;'</pre>
<h2>The SDK</h2>
<pre>npm install ${base}${DIST_PREFIX}ams-client.tgz</pre>
<pre>import { join } from "ams-client";</pre>
${
  wheel === undefined
    ? ""
    : html`<h2>The SDK for Python</h2>
<p>Python 3.10 or later. Its three dependencies come from the package index.</p>
<pre>pip install ${base}${DIST_PREFIX}${wheel}</pre>
<pre>from ams_client import join</pre>
`
}<h2>Files</h2>
${list.map(
  ({
    name,
    version,
    file,
    alias,
    bytes,
    integrity,
    description,
  }) => html`<h3>${name} ${version}</h3>
<p>${description}</p>
<p><a href="./${file}">${file}</a>, ${bytes} bytes${
    alias === file ? "" : html`; <a href="./${alias}">${alias}</a> is the newest`
  }.</p>
<pre>${integrity}</pre>
`,
)}
<p><a href="./packages.json">packages.json</a> is the same for programs. To check a file:
<code>openssl dgst -sha512 -binary &lt;file&gt; | base64</code></p>`;
}
