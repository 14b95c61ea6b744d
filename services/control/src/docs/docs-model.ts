/**
 * What the readable page shows of an OpenAPI document: its operations, with their fields resolved
 * and named.
 */
import { z } from "zod";
import type { OpenApiDocument } from "./openapi.ts";

export type Field = {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly about: string;
};

export type Answer = {
  readonly status: string;
  /** One line, or one for each error code of this status. */
  readonly lines: readonly string[];
  /** None for errors, which all have the same. */
  readonly fields: readonly Field[];
};

export type Operation = {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly about: string;
  /** Names of the ways to say who asks; empty where nobody needs to. */
  readonly auth: readonly string[];
  /** Arguments of curl before the address. */
  readonly curl: string;
  readonly parameters: readonly Field[];
  readonly body: readonly Field[];
  readonly answers: readonly Answer[];
};

export function operationsOf(document: OpenApiDocument): readonly Operation[] {
  const { paths, components } = documentShape.parse(document);
  const named = new Map(Object.entries(components.schemas));
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      summary: operation.summary,
      about: operation.description,
      auth: operation.security.flatMap((way) => Object.keys(way)),
      curl: operation["x-curl"],
      parameters: operation.parameters.map((parameter) => ({
        name: `${parameter.name} (${parameter.in})`,
        type: typeOf(parameter.schema, named),
        required: parameter.required,
        about: parameter.description,
      })),
      body: fieldsOf(operation.requestBody?.content, named),
      answers: Object.entries(operation.responses).map(([status, { description, content }]) => ({
        status,
        lines: description.split("\n"),
        fields: Number(status) < 300 ? fieldsOf(content, named) : [],
      })),
    })),
  );
}

type Schema = {
  readonly $ref?: string | undefined;
  readonly type?: string | readonly string[] | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly description?: string | undefined;
  readonly items?: Schema | undefined;
  readonly anyOf?: readonly Schema[] | undefined;
  readonly allOf?: readonly Schema[] | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
};
type Named = ReadonlyMap<string, Schema>;

function fieldsOf(content: Content | undefined, named: Named): readonly Field[] {
  const schema = content?.["application/json"]?.schema;
  return schema === undefined ? [] : propertiesOf(schema, named);
}

/** The members of an object, and behind each the members of the objects in it, by their path. */
function propertiesOf(schema: Schema, named: Named, prefix = ""): readonly Field[] {
  const resolved = resolve(schema, named);
  const inherited = (resolved.allOf ?? []).flatMap((part) => propertiesOf(part, named, prefix));
  const own = Object.entries(resolved.properties ?? {}).flatMap(([name, property]) => {
    const field = {
      name: prefix + name,
      type: typeOf(property, named),
      required: resolved.required?.includes(name) ?? false,
      about: property.description ?? "",
    };
    const inner =
      property.items === undefined
        ? propertiesOf(property, named, `${field.name}.`)
        : propertiesOf(property.items, named, `${field.name}[].`);
    return [field, ...inner];
  });
  return [...inherited, ...own];
}

function typeOf(schema: Schema, named: Named): string {
  const { type, enum: values, items, anyOf, minimum, maximum } = resolve(schema, named);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(" or ");
  if (anyOf !== undefined) return anyOf.map((part) => typeOf(part, named)).join(" or ");
  if (items !== undefined) return `list of ${typeOf(items, named)}`;
  const name = [type ?? "any"].flat().join(" or ");
  return minimum === undefined || maximum === undefined
    ? name
    : `${name}, ${minimum} to ${maximum}`;
}

function resolve(schema: Schema, named: Named): Schema {
  const name = schema.$ref?.split("/").at(-1);
  return name === undefined ? schema : (named.get(name) ?? schema);
}

const schemaShape: z.ZodType<Schema> = z.lazy(() =>
  z.looseObject({
    $ref: z.string().optional(),
    type: z.union([z.string(), z.array(z.string())]).optional(),
    enum: z.array(z.unknown()).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    description: z.string().optional(),
    items: schemaShape.optional(),
    anyOf: z.array(schemaShape).optional(),
    allOf: z.array(schemaShape).optional(),
    properties: z.record(z.string(), schemaShape).optional(),
    required: z.array(z.string()).optional(),
  }),
);

const contentShape = z.record(z.string(), z.object({ schema: schemaShape }));
type Content = z.infer<typeof contentShape>;

const operationShape = z.object({
  operationId: z.string(),
  summary: z.string(),
  description: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  "x-curl": z.string(),
  parameters: z
    .array(
      z.object({
        name: z.string(),
        in: z.string(),
        required: z.boolean().default(false),
        description: z.string().default(""),
        schema: schemaShape,
      }),
    )
    .default([]),
  requestBody: z.object({ content: contentShape }).optional(),
  responses: z.record(
    z.string(),
    z.object({ description: z.string(), content: contentShape.optional() }),
  ),
});

const documentShape = z.object({
  paths: z.record(z.string(), z.record(z.string(), operationShape)),
  components: z.object({ schemas: z.record(z.string(), schemaShape) }),
});
