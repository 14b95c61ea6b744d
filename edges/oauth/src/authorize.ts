/** The authorization endpoint: a request is checked, a person consents, and a code goes back. */
import type { Clients } from "./clients.ts";
import { URI_CHARACTERS_MAX } from "./limits.ts";
import { type OAuthError, type Refused, refused } from "./problem.ts";
import { isRegistered } from "./redirect-uri.ts";

/** Scopes of §2.2.9 that a connector may ask for: never `full`. */
export const SCOPES = ["join", "read", "mint"] as const;

export type Authorization = {
  readonly clientId: string;
  readonly clientName: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly scopes: readonly string[];
  readonly state: string | undefined;
};

/** What is refused on the page, since no address to go back to is proven. */
export type Checked =
  | { readonly ok: true; readonly value: Authorization }
  | { readonly ok: false; readonly page: string }
  | { readonly ok: false; readonly location: string };

export async function checkAuthorization(
  parameters: ReadonlyMap<string, string>,
  clients: Clients,
  baseUrl: string,
): Promise<Checked> {
  const clientId = parameters.get("client_id") ?? "";
  const client = await clients.find(clientId);
  if ("error" in client) return { ok: false, page: client.description };
  const [only, ...others] = client.redirectUris;
  const redirectUri = parameters.get("redirect_uri") ?? (others.length === 0 ? only : undefined);
  if (redirectUri === undefined || !isRegistered(redirectUri, client.redirectUris)) {
    return { ok: false, page: "The address to go back to is none of this application's." };
  }
  const state = parameters.get("state");
  const checked = checkRest(parameters, baseUrl);
  if ("error" in checked) {
    const location = errorLocation({ redirectUri, state }, checked, baseUrl);
    return { ok: false, location };
  }
  const value = { clientId, clientName: client.name, redirectUri, state, ...checked };
  return { ok: true, value };
}

function checkRest(
  parameters: ReadonlyMap<string, string>,
  baseUrl: string,
): Pick<Authorization, "challenge" | "scopes"> | Refused {
  if (parameters.get("response_type") !== "code") {
    return refused("unsupported_response_type", "response_type must be code.");
  }
  const challenge = parameters.get("code_challenge") ?? "";
  if (parameters.get("code_challenge_method") !== "S256" || !/^[\w-]{43}$/.test(challenge)) {
    return refused("invalid_request", "PKCE with code_challenge_method S256 is needed.");
  }
  if ((parameters.get("state")?.length ?? 0) > URI_CHARACTERS_MAX) {
    return refused("invalid_request", "state is too long.");
  }
  if (!isResource(parameters.get("resource"), baseUrl)) {
    return refused("invalid_target", `resource must be ${baseUrl}/mcp.`);
  }
  const scopes = readScopes(parameters.get("scope"));
  return scopes === null
    ? refused("invalid_scope", `scope must be of ${SCOPES.join(", ")}.`)
    : { challenge, scopes };
}

/** The deployment's MCP address, or the deployment itself (RFC 8707). */
export function isResource(resource: string | undefined, baseUrl: string): boolean {
  return resource === undefined || [baseUrl, `${baseUrl}/`, `${baseUrl}/mcp`].includes(resource);
}

/** All without a wish; null when none of those that were asked for exists. */
export function readScopes(scope: string | undefined): readonly string[] | null {
  if (scope === undefined) return SCOPES;
  const words = scope.split(" ");
  const known = SCOPES.filter((one) => words.includes(one));
  return known.length > 0 ? known : null;
}

type Back = Pick<Authorization, "redirectUri" | "state">;

export function errorLocation(
  back: Back,
  { error, description }: { readonly error: OAuthError; readonly description: string },
  issuer: string,
): string {
  return locationOf(back, { error, error_description: description }, issuer);
}

export function codeLocation(back: Back, code: string, issuer: string): string {
  return locationOf(back, { code }, issuer);
}

function locationOf(back: Back, answer: Readonly<Record<string, string>>, issuer: string): string {
  const url = new URL(back.redirectUri);
  for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
  if (back.state !== undefined) url.searchParams.set("state", back.state);
  url.searchParams.set("iss", issuer);
  return url.href;
}
