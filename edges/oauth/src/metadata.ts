/** What clients discover: RFC 9728 (the resource) and RFC 8414 (this server). */
import { SCOPES } from "./authorize.ts";
import { OPEN_HEADERS } from "./problem.ts";

export function resourceMetadata(baseUrl: string, path: "" | "/mcp"): Response {
  return open({
    resource: `${baseUrl}${path}`,
    authorization_servers: [baseUrl],
    scopes_supported: SCOPES,
    bearer_methods_supported: ["header"],
    resource_name: "AMS",
  });
}

export function serverMetadata(baseUrl: string): Response {
  return open({
    issuer: baseUrl,
    authorization_endpoint: `${baseUrl}/oauth/authorize`,
    token_endpoint: `${baseUrl}/oauth/token`,
    registration_endpoint: `${baseUrl}/oauth/register`,
    revocation_endpoint: `${baseUrl}/oauth/revoke`,
    response_types_supported: ["code"],
    response_modes_supported: ["query"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    revocation_endpoint_auth_methods_supported: ["none"],
    scopes_supported: SCOPES,
    client_id_metadata_document_supported: true,
    authorization_response_iss_parameter_supported: true,
  });
}

function open(body: object): Response {
  return Response.json(body, {
    headers: { ...OPEN_HEADERS, "cache-control": "public, max-age=300" },
  });
}
