/**
 * The prompts that a conversation's owner put into its metadata, as MCP prompts. What is malformed
 * is skipped.
 */
import type { CheckedLink } from "@ams/edge";
import {
  type GetPromptResult,
  type Prompt,
  type PromptMessage,
  ProtocolError,
  ProtocolErrorCode,
  specTypeSchemas,
} from "@modelcontextprotocol/server";
import { z } from "zod";

/**
 * Prompts of a conversation: its metadata is 16 KiB at most, and nobody picks from a longer list.
 */
const PROMPTS_MAX = 64;

/** Characters of a prompt's name. */
const NAME_CHARACTERS_MAX = 128;

type OwnPrompt = Prompt & { readonly messages: readonly PromptMessage[] };

const withMessages = z.looseObject({ messages: z.array(z.unknown()).min(1) });

const shortMessage = z.looseObject({ content: z.string() });

export function listPrompts(link: CheckedLink | null): { prompts: Prompt[] } {
  return { prompts: promptsOf(link).map(({ messages: _, ...prompt }) => prompt) };
}

/**
 * Its messages are the owner's, with `{{name}}` filled in where `name` is one of the prompt's
 * arguments. One that is required and missing is refused; one that is not is filled in as nothing.
 */
export function getPrompt(
  link: CheckedLink | null,
  name: string,
  given: Readonly<Record<string, string>> = {},
): GetPromptResult {
  const found = promptsOf(link).find((one) => one.name === name);
  if (found === undefined) {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, "There is no prompt of that name.");
  }
  const { description, arguments: declared = [] } = found;
  const missing = declared.find((one) => one.required === true && !Object.hasOwn(given, one.name));
  if (missing !== undefined) {
    const message = `The prompt needs the argument ${missing.name}.`;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
  }
  const values = new Map(
    declared.map((one) => [one.name, Object.hasOwn(given, one.name) ? given[one.name] : ""]),
  );
  const messages = found.messages.map((message) => filledIn(message, values));
  return { ...(description === undefined ? {} : { description }), messages };
}

const PLACEHOLDER = /\{\{([A-Za-z0-9_-]{1,64})\}\}/g;

/** In one pass, so that a value never brings a placeholder of its own. */
function filledIn(
  message: PromptMessage,
  values: ReadonlyMap<string, string | undefined>,
): PromptMessage {
  const { content } = message;
  if (content.type !== "text") return message;
  const text = content.text.replaceAll(PLACEHOLDER, (whole, name: string) =>
    values.has(name) ? (values.get(name) ?? "") : whole,
  );
  return { ...message, content: { ...content, text } };
}

/** In the owner's order; of two with the same name the first. */
function promptsOf(link: CheckedLink | null): readonly OwnPrompt[] {
  const given = link?.metadata.prompts;
  if (!Array.isArray(given)) return [];
  const byName = new Map<string, OwnPrompt>();
  for (const one of given.slice(0, PROMPTS_MAX)) {
    const read = readPrompt(one);
    if (read !== null && !byName.has(read.name)) byName.set(read.name, read);
  }
  return [...byName.values()];
}

/**
 * By the SDK's own schemas, so that all that MCP knows of a prompt passes; null when a part of it
 * is malformed.
 */
function readPrompt(given: unknown): OwnPrompt | null {
  const own = withMessages.safeParse(given);
  const listed = specTypeSchemas.Prompt["~standard"].validate(given);
  if (!own.success || listed.issues !== undefined) return null;
  const { name } = listed.value;
  if (name === "" || name.length > NAME_CHARACTERS_MAX) return null;
  const messages = own.data.messages.flatMap((one) => readMessage(one) ?? []);
  return messages.length === own.data.messages.length ? { ...listed.value, messages } : null;
}

/** A text may stand for itself in the place of its content. */
function readMessage(given: unknown): PromptMessage | null {
  const short = shortMessage.safeParse(given);
  const whole = short.success
    ? { ...short.data, content: { type: "text", text: short.data.content } }
    : given;
  const read = specTypeSchemas.PromptMessage["~standard"].validate(whole);
  return read.issues === undefined ? read.value : null;
}
