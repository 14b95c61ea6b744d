/** The token endpoint, and revocation (RFC 7009). */
import { isResource, readScopes } from "../authorize.ts";
import { readParameters, readText } from "../form.ts";
import type { Tokens } from "../grants.ts";
import { OPEN_HEADERS, problem, type Refused, refused } from "../problem.ts";
import type { Call, Handler, Tools } from "./tools.ts";

type Parameters = ReadonlyMap<string, string>;

export const token: Handler = async (call, tools) => {
  const parameters = await readForm(call);
  if ("error" in parameters) return problem(parameters);
  const answer = await tokensFor(parameters, call, tools);
  return "error" in answer ? problem(answer) : Response.json(answer, { headers: OPEN_HEADERS });
};

/** 200 whatever the token is: it is of no use afterwards. */
export const revoke: Handler = async (call, { grants }) => {
  const parameters = await readForm(call);
  if ("error" in parameters) return problem(parameters);
  await grants.revoke(parameters.get("token") ?? "");
  return new Response(null, { status: 200, headers: OPEN_HEADERS });
};

async function tokensFor(
  parameters: Parameters,
  { baseUrl }: Call,
  { grants }: Tools,
): Promise<Tokens | Refused> {
  const clientId = parameters.get("client_id");
  if (clientId === undefined) return refused("invalid_client", "client_id is needed.");
  if (!isResource(parameters.get("resource"), baseUrl)) {
    return refused("invalid_target", `resource must be ${baseUrl}/mcp.`);
  }
  switch (parameters.get("grant_type")) {
    case "authorization_code":
      return grants.exchange({
        code: parameters.get("code") ?? "",
        clientId,
        redirectUri: parameters.get("redirect_uri"),
        verifier: parameters.get("code_verifier") ?? "",
      });
    case "refresh_token": {
      const asked = parameters.get("scope");
      const scopes = asked === undefined ? null : readScopes(asked);
      if (asked !== undefined && scopes === null) {
        return refused("invalid_scope", "None of these scopes exists.");
      }
      return grants.refresh(parameters.get("refresh_token") ?? "", clientId, scopes);
    }
    default:
      return refused("unsupported_grant_type", "authorization_code or refresh_token.");
  }
}

async function readForm({ request }: Call): Promise<Parameters | Refused> {
  const text = await readText(request, "application/x-www-form-urlencoded");
  return typeof text === "string" ? readParameters(new URLSearchParams(text)) : text;
}
