/** What is answered at an address where nothing is: most likely a link was damaged. */
import { type Look, notFoundDocument } from "./document.ts";
import { SECRET_HEADERS } from "./headers.ts";

import { negotiate } from "./negotiate.ts";
import { repair } from "./repair.ts";
import { rootOf } from "./routes.ts";

const NOTHING = "There is nothing at this address.";

/**
 * Redirects people and agents to the link that this one must have been; null where it is whole, and
 * for programs, which get an answer to what they asked.
 */
export function redirectToRepaired({ url, headers }: Request): Response | null {
  const asked = new URL(url);
  const repaired = repair(asked);
  if (repaired === null || negotiate(headers) === "application/json") return null;
  // Relative, so that a deployment can be served below a path of its host.
  const location = rootOf(asked.pathname) + repaired;
  return new Response(null, { status: 302, headers: { location, ...SECRET_HEADERS } });
}

/**
 * The page that says what to do, to browsers; the same in a sentence to all others. `look` is null
 * when the page isn't built.
 */
export async function answerNotFound(
  { url, headers }: Request,
  look: Look | null,
): Promise<Response> {
  switch (negotiate(headers)) {
    case "application/json":
      return answer("application/json", JSON.stringify({ error: "not_found", message: NOTHING }));
    case "text/html":
      if (look === null) break;
      return answer("text/html", await notFoundDocument(look, rootOf(new URL(url).pathname)));
    default:
  }
  return answer("text/plain", `${NOTHING}\n`);
}

function answer(type: string, body: string): Response {
  const headers = { "content-type": `${type}; charset=utf-8`, ...SECRET_HEADERS };
  return new Response(body, { status: 404, headers });
}
