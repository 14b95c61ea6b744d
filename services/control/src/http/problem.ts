/**
 * A refusal as HTTP: the JSON shape of §2.1 with the status of its row. Never HTML, never what went
 * wrong inside.
 */
import { PROBLEMS, type ProblemCode } from "@ams/protocol";

/** `message` instead of the code's own sentence, where more can be said. */
export function problem(
  code: ProblemCode,
  headers: Readonly<Record<string, string>> = {},
  message: string = PROBLEMS[code].message,
) {
  const { status } = PROBLEMS[code];
  return new Response(JSON.stringify({ error: code, message }), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}
