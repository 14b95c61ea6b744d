/** The query parameters of the control plane, as schemas for its documentation. */
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
