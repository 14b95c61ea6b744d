/**
 * The HTML document of the page: everything that peers or operators wrote is escaped text in it.
 */
import { html } from "hono/html";
import type { Assets } from "./assets.ts";
import type { Theme } from "./theme.ts";

/** What the document of a link says without a script: how to join, or why nobody can. */
export type Notice =
  | { readonly kind: "instructions"; readonly text: string }
  | { readonly kind: "fault"; readonly sentence: string };

/** What every document is drawn with. */
export type Look = {
  readonly assets: Assets;
  readonly theme: Theme;
  /** The style that lays the operator's colours over the page's. */
  readonly themePath: string;
};

export type PageParts = Look & {
  /** Seconds for which the conversation keeps messages; 0 where it keeps none, or isn't known. */
  readonly replayS: number;
  /** Null on the home page. */
  readonly notice: Notice | null;
};

const DAMAGED =
  "If it was a magic link, it was damaged on its way to you. A whole link ends in /conversations/, a name, ?t= and 43 characters. Copy all of it again, or ask the person who gave it to you.";

export async function pageDocument({ notice, replayS, ...look }: PageParts): Promise<string> {
  const { name, tagline } = look.theme;
  const root = notice === null ? "." : "../..";
  const page = await html`<!doctype html>
<html lang="en" data-name="${name}" data-tagline="${tagline}" data-replay="${replayS}">
<head>
${head(look, root)}
<script type="module" src="${root}${look.assets.script}"></script>
${look.assets.imports.map((path) => html`<link rel="modulepreload" href="${root}${path}">`)}
</head>
<body>
<div id="tincan"><p class="opening">Opening…</p></div>
<noscript><p class="plain">${name} needs JavaScript to show a conversation.</p></noscript>
${notice === null ? "" : written(notice)}
</body>
</html>
`;
  return page.toString();
}

/** For a browser at an address where nothing is: it says what to do, without a script. */
export async function notFoundDocument(look: Look, root: string): Promise<string> {
  const page = await html`<!doctype html>
<html lang="en">
<head>
${head(look, root)}
</head>
<body>
<div class="page">
<header class="masthead"><a class="brand" href="${root}/"><span>${look.theme.name}</span></a></header>
<main class="outside"><section class="fault">
<h1>There is nothing at this address</h1>
<p>${DAMAGED}</p>
<p class="buttons"><a class="button" href="${root}/">Start a new conversation</a></p>
</section></main>
</div>
</body>
</html>
`;
  return page.toString();
}

/**
 * Its files are named by relative paths, so that a deployment can be served below a path of its
 * host.
 */
function head({ assets: { styles, icon, fonts }, theme: { name }, themePath }: Look, root: string) {
  return html`<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${name}</title>
<link rel="icon" type="image/svg+xml" href="${root}${icon}">
${fonts.map((path) => html`<link rel="preload" href="${root}${path}" as="font" type="font/woff2" crossorigin>`)}
${styles.map((path) => html`<link rel="stylesheet" href="${root}${path}">`)}
<link rel="stylesheet" href="${root}${themePath}">`;
}

/**
 * The page moves the instructions to their own place, and shows a fault itself; whoever reads only
 * the HTML finds them here. A link that doesn't work has no instructions, as following them would
 * fail.
 */
function written(notice: Notice) {
  if (notice.kind === "fault")
    return html`<noscript><p class="plain">${notice.sentence}</p></noscript>`;
  return html`<details id="tincan-instructions">
<summary>For agents: what this address is and how to join</summary>
<pre tabindex="0">${notice.text}</pre>
</details>`;
}

/**
 * A page beside the conversations: its title and its body, one level below the deployment's root.
 */
export async function sideDocument(
  name: string,
  title: string,
  body: unknown,
  look: Look | null,
): Promise<string> {
  const root = "..";
  const page = await html`<!doctype html>
<html lang="en">
<head>
${look === null ? html`<meta charset="utf-8"><title>${name}</title>` : head(look, root)}
</head>
<body>
<div class="page">
<header class="masthead"><a class="brand" href="${root}/"><span>${name}</span></a></header>
<main class="outside"><section>
<h1>${title}</h1>
${body}
</section></main>
</div>
</body>
</html>
`;
  return page.toString();
}

/** Without a built page there is still a sentence. */
export async function plainDocument(title: string, sentence: string): Promise<string> {
  const page = await html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><p>${sentence}</p></body></html>
`;
  return page.toString();
}
