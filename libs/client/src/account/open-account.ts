/** How `createAccount` and `openAccount` of `account.ts` work (§2.2). */
import { type Fields, textAt } from "../fields.ts";
import { randomName } from "../names.ts";
import type { Account, CreateAccountOptions, OpenAccountOptions } from "./account.ts";
import { readBaseUrl } from "./base-url.ts";
import { checkCredential } from "./credential.ts";
import { request } from "./http.ts";
import { LiveAccount, readAccount } from "./live-account.ts";

/** Random characters in a namespace that nobody chose: 40 bits, so that it is not taken. */
const NAMESPACE_CHARACTERS = 8;

export async function createAccount(url: string, options: CreateAccountOptions): Promise<Account> {
  const { namespace = randomName(NAMESPACE_CHARACTERS), invite, ...rest } = options;
  const baseUrl = readBaseUrl(url);
  const body: Fields = { namespace, invite };
  return await request(
    baseUrl,
    { ...rest, method: "POST", path: "/v1/accounts", body },
    (answer) => new LiveAccount(baseUrl, readAccount(answer), textAt(answer, "credential")),
  );
}

export async function openAccount(url: string, options: OpenAccountOptions): Promise<Account> {
  const { credential } = options;
  const baseUrl = readBaseUrl(url);
  checkCredential(credential);
  return await request(
    baseUrl,
    { ...options, method: "GET", path: "/v1/account" },
    (answer) => new LiveAccount(baseUrl, readAccount(answer), credential),
  );
}
