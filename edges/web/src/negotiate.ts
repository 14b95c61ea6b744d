/**
 * What whoever asks a magic link wants of it: a person's page, instructions to read, or JSON (RFC
 * 9110 12.5.1).
 */

/**
 * The media types that a link answers in, in the order in which they are preferred where the asker
 * likes them equally.
 */
const OFFERED = ["text/html", "text/markdown", "text/plain", "application/json"] as const;

export type Wanted = (typeof OFFERED)[number];

type Range = { readonly type: string; readonly q: number };

/**
 * By the Accept header. Who says only that anything will do, or nothing, gets the page when it is a
 * browser that doesn't refuse it, and else Markdown; so does who accepts none of what there is,
 * since a readable answer helps more than a 406.
 */
export function negotiate(headers: Headers): Wanted {
  const ranges = parse(headers.get("accept") ?? "");
  const weightOf = (wanted: Wanted) => ranges.find(({ type }) => type === wanted)?.q ?? null;
  let best: { readonly wanted: Wanted; readonly q: number } | null = null;
  for (const wanted of OFFERED) {
    const q = weightOf(wanted) ?? 0;
    if (q > (best?.q ?? 0)) best = { wanted, q };
  }
  if (best !== null) return best.wanted;
  return isBrowser(headers) && weightOf("text/html") !== 0 ? "text/html" : "text/markdown";
}

function parse(accept: string): readonly Range[] {
  return accept.split(",").flatMap((part) => {
    const [type = "", ...parameters] = part.split(";").map((piece) => piece.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    const q = weight === undefined ? 1 : Number(weight.slice(2));
    return type === "" || Number.isNaN(q) ? [] : [{ type, q }];
  });
}

/** Browsers say what they want a document for; old ones say only that they descend from Mozilla. */
function isBrowser(headers: Headers): boolean {
  const destination = headers.get("sec-fetch-dest");
  if (destination !== null) return destination === "document" || destination === "iframe";
  return /^Mozilla\//.test(headers.get("user-agent") ?? "");
}
