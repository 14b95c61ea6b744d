/** The query parameters of the control plane: how they are read, and their documentation. */
import { USAGE_KEPT_HOURS } from "@ams/directory";
import { LIST_LIMIT_DEFAULT, LIST_LIMIT_MAX } from "@ams/protocol";
import { z } from "zod";

export const listQuery = z.object({
  cursor: z.string().optional().describe("The next_cursor of the page before."),
  limit: z
    .int()
    .min(1)
    .max(LIST_LIMIT_MAX)
    .optional()
    .describe(`Conversations on the page; ${LIST_LIMIT_DEFAULT} unless given.`),
});

export const inspectQuery = z.object({
  t: z.string().optional().describe("A link token of the conversation, instead of a credential."),
});

export const usageQuery = z.object({
  hours: z.int().min(1).max(USAGE_KEPT_HOURS).optional().describe("Hours; 24 unless given."),
  format: z.enum(["json", "csv"]).optional().describe("json unless given."),
});

/** How much a page has; null when it is wrong. */
export function readLimit(text: string | null): number | null {
  if (text === null) return LIST_LIMIT_DEFAULT;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= LIST_LIMIT_MAX ? limit : null;
}
