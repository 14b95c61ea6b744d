/** A request on its way through the routes. */
import type { JsonText } from "@ams/amp";
import type { AgentRecord } from "../agents/record.ts";
import type { Answer } from "./answer.ts";

export type Call = {
  readonly request: Request;
  /** IP address of the caller. */
  readonly address: string;
  /** The base under which AMP was reached, with scheme and host. */
  readonly endpoint: string;
  /** Below the base, percent-decoded by segments. */
  readonly path: string;
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Empty where a route reads the stream itself. */
  readonly bytes: Buffer;
  /** An empty object where the body isn't JSON by nature. */
  readonly json: JsonText;
};

export type Caller = {
  readonly record: AgentRecord;
  /** The record as the store has it. */
  readonly text: string;
  /** Of the API key that was used. */
  readonly hash: string;
};

export type Owner = { readonly accountId: string; readonly namespace: string };

/** Headers that the rates of a route add to its answer. */
export type RateHeaders = Readonly<Record<string, string>>;

export function withHeaders(answer: Answer, headers: Readonly<Record<string, string>>): Answer {
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

export function bearerOf(request: Request): string | null {
  const given = request.headers.get("authorization") ?? "";
  const [scheme = "", token = "", ...others] = given.split(" ");
  return scheme.toLowerCase() === "bearer" && others.length === 0 && token !== "" ? token : null;
}
