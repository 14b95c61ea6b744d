/** The consent page: HTML of ours without a script, and a policy that lets nothing else in. */
import { createHash } from "node:crypto";
import type { Authorization } from "./authorize.ts";

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; padding: 2rem 1rem; max-width: 30rem; }
h1 { font-size: 1.4rem; line-height: 1.3; overflow-wrap: anywhere; }
ul { padding-left: 1.2rem; }
label { display: block; font-weight: 600; margin-top: 1rem; }
input { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem; margin: .3rem 0 1rem; }
button { font: inherit; padding: .5rem 1.2rem; margin-right: .5rem; cursor: pointer; }
.fault { border-left: 4px solid #c33; padding-left: .8rem; }
code { overflow-wrap: anywhere; }
`;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

/** What each scope lets an application do. */
const MEANINGS = new Map([
  ["join", "join conversations in your name, hear them and speak in them"],
  ["read", "see your conversations, their links and who is in them"],
  ["mint", "make new conversations and magic links"],
]);

/** `fault` is why the last attempt failed, in a sentence. */
export function consentPage(
  authorization: Authorization,
  parameters: ReadonlyMap<string, string>,
  fault: string | null,
): Response {
  const { clientName, redirectUri, scopes } = authorization;
  const hidden = [...parameters].filter(([name]) => name !== "credential" && name !== "answer");
  const body = `
<h1>${escaped(clientName)} asks for access to your account</h1>
<p>It says so itself; nobody has checked its name. You go back to
<code>${escaped(shown(redirectUri))}</code>. It may then:</p>
<ul>${scopes.map((one) => `<li>${escaped(MEANINGS.get(one) ?? one)}</li>`).join("")}</ul>
${fault === null ? "" : `<p class="fault" role="alert">${escaped(fault)}</p>`}
<form method="post" action="/oauth/authorize">
${hidden.map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`).join("\n")}
<label for="credential">Your account's credential</label>
<input id="credential" name="credential" type="password" autocomplete="current-password"
 spellcheck="false" placeholder="ams_sk_…">
<button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button>
</form>
<p>The application never sees your credential. It gets a key of its own, which your account lists
and can revoke at any time. A magic link needs none of this.</p>`;
  return page(fault === null ? 200 : 400, "Allow access?", body, redirectUri);
}

export function faultPage(status: number, sentence: string): Response {
  const body = `<h1>This request can't be answered</h1>
<p class="fault" role="alert">${escaped(sentence)}</p>
<p>Go back to the application, and begin again.</p>`;
  return page(status, "Not possible", body, null);
}

function page(status: number, title: string, body: string, redirectUri: string | null): Response {
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>${body}
</body></html>`;
  // A form's answer may lead where the policy says: to this page, and back to the application.
  const target = redirectUri === null ? "" : ` ${sourceOf(redirectUri)}`;
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    `form-action 'self'${target}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return new Response(html, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy.join("; "),
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
      "cache-control": "no-store",
    },
  });
}

/** An origin, or the scheme of a program. */
function sourceOf(redirectUri: string): string {
  const { protocol, origin } = new URL(redirectUri);
  return protocol === "https:" || protocol === "http:" ? origin : protocol;
}

/** Where one goes back to, as a person can judge it. */
function shown(redirectUri: string): string {
  const { protocol, host } = new URL(redirectUri);
  return protocol === "https:" ? host : `${protocol}//${host}`;
}

const ENTITIES = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? "");
}
