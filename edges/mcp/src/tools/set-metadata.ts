/** `ams_set_metadata`: replace the metadata of the caller's stream. */
import { z } from "zod";
import { HIDDEN, object } from "./arguments.ts";
import { targetArguments, targetOf, withSubscription } from "./fields.ts";
import { declareTool } from "./tool.ts";

const input = z.object({
  metadata: object("At most 16 KiB; replaces the earlier one."),
  ...targetArguments,
  stream_name: targetArguments.stream_name.meta(HIDDEN),
});

const output = z.looseObject({ ok: z.literal(true), ts: z.string() });

export const setMetadata = declareTool({
  name: "ams_set_metadata",
  title: "Set your stream's metadata",
  description: "Show the others something about you, such as display_name or status.",
  input,
  output,
  isIdempotent: true,
  run: async (call, args) => {
    const ask = { ...targetOf(call, args), metadata: args.metadata };
    const set = await withSubscription(call, args, (session) => session.setMetadata(ask));
    return set.ok ? { ok: true, value: { ok: true, ts: set.ts } } : set;
  },
});
