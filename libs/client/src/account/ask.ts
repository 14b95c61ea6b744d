/** How `offer`, `health` and `inspect` of `deployment.ts` work. */
import { readLink } from "../connection/link.ts";
import { type Fields, listAt, objectAt, textAt } from "../fields.ts";
import { readBaseUrl } from "./base-url.ts";
import { type Inspected, readInspected } from "./conversation.ts";
import type { Health, Offer } from "./deployment.ts";
import { request } from "./http.ts";
import type { RequestOptions } from "./request-options.ts";

export async function offer(url: string, options: RequestOptions): Promise<Offer> {
  return await request(readBaseUrl(url), { ...options, method: "GET", path: "/v1" }, readOffer);
}

export async function health(url: string, options: RequestOptions): Promise<Health> {
  const call = { ...options, method: "GET", path: "/healthz" } as const;
  return await request(readBaseUrl(url), call, (answer) => ({
    host: textAt(answer, "host"),
    ts: textAt(answer, "ts"),
  }));
}

export async function inspect(magicLink: string, options: RequestOptions): Promise<Inspected> {
  const { baseUrl, namespace, alias, token } = readLink(magicLink);
  const path = `/v1/${namespace}/conversations/${alias}?t=${token}`;
  return await request(baseUrl, { ...options, method: "GET", path }, readInspected);
}

function readOffer(answer: Fields): Offer {
  const limits = Object.entries(objectAt(answer, "limits")).flatMap(([name, value]) =>
    typeof value === "number" ? [[name, value] as const] : [],
  );
  return {
    version: textAt(answer, "version"),
    features: listAt(answer, "features").map(String),
    limits: Object.fromEntries(limits),
  };
}
