/** The operators' log: what they changed, written before it is done (§11.6). */
import type { KeptOperatorEvent, OperatorKey } from "@ams/directory";
import { z } from "zod";
import type { Call, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { listQuery, readLimit } from "../http/queries.ts";
import { replyJson } from "../http/reply.ts";
import { OPERATOR_ERRORS, type OperatorEndpoint } from "./authenticate.ts";

/** Entries of the log that an export reads at a time. */
const EXPORT_PAGE = 1_000;

/** An event's id, as a cursor. */
const CURSOR = /^\d{1,16}-\d{1,19}$/;

const event = z.object({
  event_id: z.string(),
  at: z.string(),
  action: z.string(),
  actor: z.string().describe("The id and name of the operator key, or `command`."),
  target: z.string().nullable().describe("What it was done to."),
  request_id: z.string().nullable(),
  detail: z.string().nullable().describe("The reason that was given, or what was set."),
});

export const listAudit: OperatorEndpoint = {
  name: "operator_list_audit",
  role: "read",
  doc: {
    summary: "List what operators did",
    description:
      "The newest first. Pass `next_cursor` back as `cursor`; with `format=ndjson` it is all of it, one JSON object per line.",
    auth: "bearer",
    query: listQuery.extend({ format: z.enum(["json", "ndjson"]).optional() }),
    success: {
      200: {
        about: "One page.",
        schema: z.object({ events: z.array(event), next_cursor: z.string().nullable() }),
      },
    },
    errors: [...OPERATOR_ERRORS, "invalid_limit", "invalid_cursor"],
    curl: "",
  },
  handle: async (call, tools) => {
    if (call.query("format") === "ndjson") return exportAll(tools);
    const limit = readLimit(call.query("limit"));
    if (limit === null) return problem("invalid_limit");
    const before = call.query("cursor");
    if (before !== null && !CURSOR.test(before)) return problem("invalid_cursor");
    const found = await tools.directory.operatorEvents({ before, limit: limit + 1 });
    const events = found.slice(0, limit);
    const next_cursor = found.length > limit ? (events.at(-1)?.event_id ?? null) : null;
    return replyJson({ events, next_cursor });
  },
};

/** Page by page, as whoever reads takes it. */
function exportAll({ directory }: Tools): Response {
  let before: string | null = null;
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const page: readonly KeptOperatorEvent[] = await directory.operatorEvents({
        before,
        limit: EXPORT_PAGE,
      });
      const text = page.map((one) => `${JSON.stringify(one)}\n`).join("");
      if (text !== "") controller.enqueue(encoder.encode(text));
      before = page.at(-1)?.event_id ?? before;
      if (page.length < EXPORT_PAGE) controller.close();
    },
  });
  const headers = { "content-type": "application/x-ndjson", "cache-control": "no-store" };
  return new Response(body, { headers });
}

/** What is about to be done. Rejects when it can't be kept: then it isn't done either. */
export async function recordAction(
  call: Call,
  { directory, log, now }: Tools,
  key: OperatorKey,
  done: { readonly action: string; readonly target: string | null; readonly detail: string | null },
): Promise<void> {
  const actor = `${key.key_id} ${key.name}`;
  const at = new Date(now()).toISOString();
  await directory.recordOperatorEvent({ ...done, at, actor, request_id: call.trail.requestId });
  const { action, target } = done;
  log.info({ event: "operator_action", action, target, key_id: key.key_id }, "operator action");
}
