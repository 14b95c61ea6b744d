import { PROBLEMS } from "@ams/protocol";
import { beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { VERSION } from "../conversations/offer.ts";
import { ROUTES } from "../http/app.ts";
import { type Answer, openTestControl } from "../testing/control.ts";
import { operationsOf } from "./docs-model.ts";
import { describeRoutes } from "./openapi.ts";

const methods = z.enum(["get", "post", "delete"]);
const operation = z.object({
  operationId: z.string(),
  parameters: z
    .array(z.object({ in: z.enum(["path", "query"]), name: z.string(), required: z.boolean() }))
    .default([]),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.looseObject({ description: z.string().min(1) }),
  ),
});
/** What OpenAPI 3.1 needs of a document that has paths. */
const shape = z.object({
  openapi: z.string().regex(/^3\.1\.\d$/),
  info: z.looseObject({ title: z.string().min(1), version: z.literal(VERSION) }),
  paths: z.record(z.string().startsWith("/"), z.partialRecord(methods, operation)),
  components: z.object({
    schemas: z.record(z.string().regex(/^[A-Za-z0-9._-]+$/), z.looseObject({})),
    securitySchemes: z.looseObject({ credential: z.looseObject({}), link: z.looseObject({}) }),
  }),
});

let text: string;
let document: z.infer<typeof shape>;
let page: Answer;

beforeAll(async () => {
  const open = await openTestControl();
  const answer = await open.ask("GET", "/openapi.json");
  text = answer.text;
  document = shape.parse(answer.json);
  page = await open.ask("GET", "/docs");
  await open.close();
});

function operations() {
  return Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, one]) => ({ path, method, one })),
  );
}

test("every operation has an id of its own and declares the parameters of its path", () => {
  const ids = operations().map(({ one }) => one.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { path, one } of operations()) {
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = one.parameters.filter((parameter) => parameter.in === "path");
    expect(declared.map(({ name }) => name)).toEqual(inPath);
    expect(declared.every(({ required }) => required)).toBe(true);
  }
});

test("every reference in the document leads somewhere", () => {
  const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
  expect(references.length).toBeGreaterThan(10);
  for (const [, name] of references) expect(document.components.schemas).toHaveProperty(name ?? "");
  expect(text.match(/"\$ref"/g)).toHaveLength(references.length);
});

test("the document lists every route that is served, and no other", () => {
  const listed = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  const served = ROUTES.map(
    ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`,
  );
  expect(new Set(listed)).toEqual(new Set(served));
  expect(listed).toHaveLength(served.length);
});

test("an operation lists the statuses of its errors, and 429 its Retry-After", () => {
  const minting = document.paths["/v1/{namespace}/conversations"]?.post?.responses ?? {};
  const statuses = ["200", "201", "400", "401", "403", "409", "413", "429", "500", "503"];
  expect(Object.keys(minting)).toEqual(statuses);
  expect(minting["429"]?.headers).toHaveProperty("Retry-After");
  for (const { endpoint } of ROUTES) {
    const one = operations().find(({ one }) => one.operationId === endpoint.name)?.one;
    for (const code of endpoint.doc.errors) {
      expect(one?.responses[PROBLEMS[code].status]?.description).toContain(`\`${code}\``);
    }
  }
});

test("the page shows every operation, its fields and its errors", () => {
  expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
  for (const { endpoint } of ROUTES) {
    expect(page.text).toContain(`<section id="${endpoint.name}">`);
    for (const code of endpoint.doc.errors) expect(page.text).toContain(`<code>${code}</code>`);
  }
  expect(page.text).toContain("curl -X POST -d ");
  expect(page.text).toContain("http://ams.example:8081/v1/accounts");
  const mint = operationsOf(describeRoutes(ROUTES, VERSION)).find(
    ({ id }) => id === "mint_conversation",
  );
  for (const { name } of mint?.body ?? []) expect(page.text).toContain(`<code>${name}</code>`);
  expect(mint?.body.length).toBeGreaterThan(6);
});

test("the page loads nothing and runs nothing", () => {
  const policy = page.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  expect(page.text).not.toMatch(/<(script|link|img|iframe|object)/i);
  expect(page.text).not.toMatch(/(src|url\()\s*=?\s*["']?https?:/i);
});

test("a hostile host name doesn't break out of the page", async () => {
  const open = await openTestControl({
    trustProxy: true,
    publicUrl: "https://x/<script>alert(1)</script>",
  });
  const { text } = await open.ask("GET", "/docs");
  await open.close();
  expect(text).not.toContain("<script");
});

test("every member of every body has a sentence", () => {
  const fields = operationsOf(describeRoutes(ROUTES, VERSION)).flatMap(({ body, answers }) => [
    ...body,
    ...answers.flatMap((answer) => answer.fields),
  ]);
  expect(fields.length).toBeGreaterThan(60);
  const silent = fields.filter(
    ({ name, about }) => about === "" && !name.includes("peer_identity."),
  );
  expect(silent.map(({ name }) => name)).toEqual([]);
});
