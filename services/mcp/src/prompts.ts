/** The prompts that a conversation's owner put into its metadata, as MCP prompts, verbatim. What is malformed is skipped. */
import type { CheckedLink } from "@ams/wrapper";
import {
  type GetPromptResult,
  type Prompt,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/server";
import { z } from "zod";

/** Prompts of a conversation: its metadata is 16 KiB at most, and nobody picks from a longer list. */
const PROMPTS_MAX = 64;

const textContent = z.object({ type: z.literal("text"), text: z.string() });

const message = z.object({
  role: z.enum(["user", "assistant"]),
  content: z.union([
    textContent,
    z.string().transform((text) => ({ type: "text" as const, text })),
  ]),
});

const argument = z.object({
  name: z.string().min(1),
  description: z.string().exactOptional(),
  required: z.boolean().exactOptional(),
});

const prompt = z.object({
  name: z.string().min(1).max(128),
  title: z.string().exactOptional(),
  description: z.string().exactOptional(),
  arguments: z.array(argument).exactOptional(),
  messages: z.array(message).min(1),
});

type OwnPrompt = z.output<typeof prompt>;

export function listPrompts(link: CheckedLink | null): { prompts: Prompt[] } {
  const prompts = promptsOf(link).map(({ messages: _, arguments: named, ...rest }) => ({
    ...rest,
    ...(named === undefined ? {} : { arguments: [...named] }),
  }));
  return { prompts };
}

/** Its messages are the owner's, whatever the arguments: nothing is filled in. */
export function getPrompt(link: CheckedLink | null, name: string): GetPromptResult {
  const found = promptsOf(link).find((one) => one.name === name);
  if (found === undefined) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no prompt of that name.");
  }
  const { description, messages } = found;
  return { ...(description === undefined ? {} : { description }), messages: [...messages] };
}

/** In the owner's order; of two with the same name the first. */
function promptsOf(link: CheckedLink | null): readonly OwnPrompt[] {
  const given = link?.metadata.prompts;
  if (!Array.isArray(given)) return [];
  const byName = new Map<string, OwnPrompt>();
  for (const one of given.slice(0, PROMPTS_MAX)) {
    const read = prompt.safeParse(one);
    if (read.success && !byName.has(read.data.name)) byName.set(read.data.name, read.data);
  }
  return [...byName.values()];
}
