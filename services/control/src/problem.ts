/** A refusal as HTTP: the JSON shape of §2.1 with the status of its row. Never HTML, never what went wrong inside. */
import { PROBLEMS, type ProblemCode } from "@ams/protocol";

export function problem(code: ProblemCode, headers: Readonly<Record<string, string>> = {}) {
  const { status, message } = PROBLEMS[code];
  return new Response(JSON.stringify({ error: code, message }), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}
