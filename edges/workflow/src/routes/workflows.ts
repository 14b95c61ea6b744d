/** Definitions of workflows (W5.1). */
import { answer } from "@ams/edge";
import { canonicalBytes } from "@ams/provenance";
import { isWorkflowName, readDefinition, refuse } from "@ams/workflow-rules";
import { Refused, reject } from "../answers.ts";
import { readJson } from "../request-body.ts";
import { checkSchema } from "../schema.ts";
import { define } from "../space/commands.ts";
import { type Context, get, pageOf, type Row, writerOf } from "./route.ts";
import { settled } from "./settled.ts";

const VERSION = /^[1-9]\d{0,8}$/;
/** Bytes of a definition: it is a body of a message. */
const DEFINITION_BYTES_MAX = 262_144;

async function putWorkflow(context: Context): Promise<Response> {
  const { accountId } = writerOf(context);
  const { name, v } = nameOf(context);
  const source = await readJson(context.request);
  if (source.name !== name || source.v !== v)
    reject("invalid_definition", { reason: "name and v are those of the path" });
  if (canonicalBytes(source).length > DEFINITION_BYTES_MAX) reject("too_large");
  const read = readDefinition(source, checkSchema);
  if (!read.ok) throw new Refused(read.refusal);
  const outcome = await define(context.live, read.value, accountId, context.service.now);
  const { node, isNew } = settled(outcome);
  return answer(isNew ? 201 : 200, { name, v, def: read.value.def, seq: node.seq });
}

function getWorkflow(context: Context): Response {
  const { name, v } = nameOf(context);
  const definition = context.live.conversation.definition(name, v);
  if (definition === null) throw new Refused(refuse("workflow_unknown"));
  return answer(200, { definition: definition.source, def: definition.def });
}

function listWorkflows({ live, url }: Context): Response {
  const all = [...live.conversation.definitions].flatMap(([name, versions]) =>
    [...versions.values()].map(({ v, def }) => ({ name, v, def })),
  );
  const { items, next_cursor } = pageOf(url, all);
  return answer(200, { workflows: items, next_cursor });
}

function nameOf({ segments }: Context) {
  const [, name = "", version = ""] = segments;
  if (!isWorkflowName(name))
    reject("invalid_definition", { reason: "a name is [a-z0-9][a-z0-9_-]{0,62}" });
  if (!VERSION.test(version)) reject("invalid_definition", { reason: "v is a number from 1" });
  return { name, v: Number(version) };
}

export const workflowRoutes: readonly Row[] = [
  { methods: ["PUT"], path: ["workflows", "*", "*"], handle: putWorkflow },
  get(["workflows", "*", "*"], getWorkflow),
  get(["workflows"], listWorkflows),
];
