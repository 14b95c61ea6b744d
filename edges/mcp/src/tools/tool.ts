/**
 * What a tool is: a name, two schemas, and a call that answers a value or says in one sentence why
 * not.
 */
import { FAULTS, type Fault } from "@ams/edge";
import type { CallToolResult, Tool as ListedTool } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Call } from "../request/call.ts";
import type { Parts } from "../request/parts.ts";

type Json = { readonly [key: string]: unknown };

/** Faults of this edge, beside those of the wrapper and of the control plane. */
export type Outcome =
  | {
      readonly ok: true;
      readonly value: Json;
      /** What a host shows a model that shows it no structure; the value as JSON unless given. */
      readonly text?: string;
    }
  | { readonly ok: false; readonly fault: string; readonly message: string };

export type Tool = {
  readonly listed: ListedTool;
  /** Checks the arguments and does it. It rejects only by a mistake of the program. */
  readonly run: (call: Call, given: unknown, parts: Parts) => Promise<Outcome>;
};

export type ToolDeclaration<Input extends z.ZodType, Output extends z.ZodObject> = {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  /** What is listed where the check begins with more; the input unless given. */
  readonly listed?: z.ZodType;
  readonly output: Output;
  /** It changes nothing that others see. */
  readonly isReadOnly?: boolean;
  /** Calling it again changes nothing more. */
  readonly isIdempotent?: boolean;
  readonly run: (call: Call, args: z.output<Input>, parts: Parts) => Promise<Outcome>;
};

export function declareTool<Input extends z.ZodType, Output extends z.ZodObject>(
  declaration: ToolDeclaration<Input, Output>,
): Tool {
  const { name, title, description, input, output } = declaration;
  const { isReadOnly = false, isIdempotent = isReadOnly } = declaration;
  return {
    listed: {
      name,
      title,
      description,
      inputSchema: inputSchemaOf(declaration.listed ?? input),
      outputSchema: outputSchemaOf(output),
      annotations: {
        ...{ title, readOnlyHint: isReadOnly, idempotentHint: isIdempotent },
        destructiveHint: false,
        openWorldHint: true,
      },
    },
    run: async (call, given, parts) => {
      const read = input.safeParse(withoutBlanks(given));
      return read.success
        ? declaration.run(call, read.data, parts)
        : { ok: false, fault: "invalid_arguments", message: sentenceOf(read.error) };
    },
  };
}

/**
 * Models send null, and often an empty text, for an argument that they leave out; only what is said
 * may be empty.
 */
function withoutBlanks(given: unknown): unknown {
  if (typeof given !== "object" || given === null || Array.isArray(given)) return given ?? {};
  const isBlank = ([name, value]: readonly [string, unknown]) =>
    value === null || (value === "" && name !== "data");
  return Object.fromEntries(Object.entries(given).filter((one) => !isBlank(one)));
}

/**
 * The answer to the client, as text and as structure; a failure says so and names its fault.
 */
export function resultOf(outcome: Outcome): CallToolResult {
  const value = outcome.ok ? outcome.value : { error: outcome.fault, message: outcome.message };
  const shown = outcome.ok ? outcome.text : undefined;
  const content = [{ type: "text" as const, text: shown ?? JSON.stringify(value) }];
  const structuredContent = { ...value };
  return outcome.ok
    ? { content, structuredContent }
    : { content, structuredContent, isError: true };
}

/** A refusal of the edge's own, or of the wrapper's where it has the sentence. */
export function failed(fault: Fault): Outcome {
  return { ok: false, fault, message: FAULTS[fault] };
}

function inputSchemaOf(input: z.ZodType): ListedTool["inputSchema"] {
  const { properties, required } = schemaOf(input, "input");
  const listed = Object.entries(properties).filter(([, value]) => !isHidden(value));
  const shown = { type: "object" as const, properties: Object.fromEntries(listed) };
  return required.length === 0 ? shown : { ...shown, required };
}

/**
 * Success or failure, both of which answer by `structuredContent`: all fields are given with their
 * types, and one of the two sets must be there. The root is an object because clients of the older
 * era take nothing else.
 */
function outputSchemaOf(output: z.ZodObject): NonNullable<ListedTool["outputSchema"]> {
  const { required, additionalProperties: _, ...rest } = schemaOf(output, "output");
  const failure = {
    error: { type: "string", description: "Only of a failure: its code." },
    message: { type: "string", description: "Only of a failure: one sentence about it." },
  };
  return {
    ...rest,
    type: "object",
    properties: { ...rest.properties, ...failure },
    anyOf: [{ required }, { required: Object.keys(failure) }],
  };
}

function isHidden(schema: unknown): boolean {
  return typeof schema === "object" && schema !== null && "x-ams-hidden" in schema;
}

/** The parts of an object's JSON Schema that are shown; clients of all eras read this draft. */
const objectSchema = z.object({
  properties: z.record(z.string(), z.json()),
  required: z.array(z.string()).default([]),
  additionalProperties: z.json().exactOptional(),
});

function schemaOf(schema: z.ZodType, io: "input" | "output") {
  // What zod can't say of a check of ours is said by its `meta`.
  const options = { io, target: "draft-7", unrepresentable: "any" } as const;
  return objectSchema.parse(z.toJSONSchema(schema, options));
}

/** The first thing that is wrong, by the argument's name; it repeats no value. */
function sentenceOf(error: z.ZodError): string {
  const issue = error.issues[0];
  const where = issue?.path.map(String).join(".") ?? "";
  return `${where === "" ? "The arguments" : `The argument ${where}`}: ${issue?.message ?? "wrong"}.`;
}
