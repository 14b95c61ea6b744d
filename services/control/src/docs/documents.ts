/**
 * The control plane's own documentation: for machines at `/openapi.json`, for people at `/docs`.
 */
import { baseUrlOf } from "@ams/process";
import { z } from "zod";
import type { Endpoint } from "../http/endpoint.ts";
import { docsPage, PAGE_HEADERS } from "./docs-page.ts";
import type { OpenApiDocument } from "./openapi.ts";

export const showOpenApi: Endpoint = {
  name: "show_openapi",
  doc: {
    summary: "This description, for machines",
    description: "An OpenAPI 3.1 document.",
    auth: "none",
    success: { 200: { about: "The document.", schema: z.looseObject({}) } },
    errors: [],
    curl: "",
  },
  handle: (_call, { openApi }) =>
    new Response(textOf(openApi), {
      headers: { "content-type": "application/json", "cache-control": "no-cache" },
    }),
};

const texts = new WeakMap<OpenApiDocument, string>();

/** The document as text, made once. */
function textOf(openApi: OpenApiDocument): string {
  const text = texts.get(openApi) ?? JSON.stringify(openApi);
  texts.set(openApi, text);
  return text;
}

export const showDocs: Endpoint = {
  name: "show_docs",
  doc: {
    summary: "This description, for people",
    description: "One page without scripts and without anything from elsewhere.",
    auth: "none",
    success: { 200: { about: "The page.", schema: z.string(), type: "text/html" } },
    errors: [],
    curl: "",
  },
  handle: async ({ request }, { openApi, config }) =>
    new Response(await docsPage(openApi, baseUrlOf(request, config)), { headers: PAGE_HEADERS }),
};
