/**
 * What anybody may ask of a deployment: what it offers, how it is, and what a magic link leads to.
 */

import { checkOptions } from "../arguments.ts";
import { control } from "../later.ts";
import type { Inspected } from "./conversation.ts";
import { REQUEST_OPTIONS, type RequestOptions } from "./request-options.ts";

export type Offer = {
  readonly version: string;
  /** What is switched on, such as `guests`. */
  readonly features: readonly string[];
  /** Limits in force by the names of §9.1; 0 as a rate means no limit. */
  readonly limits: Readonly<Record<string, number>>;
};

export type Health = {
  /** The name of the instance that answered. */
  readonly host: string;
  /** Its clock, ISO 8601. */
  readonly ts: string;
};

/** What the deployment at `url` offers (§2.8). Errors: `not_ams`, `unreachable`, `timeout`. */
export async function offer(url: string, options: RequestOptions = {}): Promise<Offer> {
  checkOptions(options, REQUEST_OPTIONS);
  return await (await control(options.signal)).offer(url, options);
}

/** Whether the deployment at `url` is up, and which instance answered (§2.9). */
export async function health(url: string, options: RequestOptions = {}): Promise<Health> {
  checkOptions(options, REQUEST_OPTIONS);
  return await (await control(options.signal)).health(url, options);
}

/**
 * The conversation of a magic link and who is in it, without joining (§2.5). Errors:
 * `invalid_link`, `invalid_token` (wrong, expired or revoked), `not_found`, `not_ams`,
 * `unreachable`, `timeout`.
 *
 * @example
 * ```ts
 * import { createAccount, inspect } from "ams-client";
 *
 * const account = await createAccount("http://127.0.0.1:8080", { namespace: "look" });
 * const { magicLink } = await account.mint({ metadata: { title: "Stand-up" } });
 * const { metadata, streams } = await inspect(magicLink);
 * console.log(metadata, streams.length); // { title: 'Stand-up' } 0
 * ```
 */
export async function inspect(magicLink: string, options: RequestOptions = {}): Promise<Inspected> {
  checkOptions(options, REQUEST_OPTIONS);
  return await (await control(options.signal)).inspect(magicLink, options);
}
