/** Dynamic client registration (RFC 7591), for public clients. */
import { readText } from "../form.ts";
import { OPEN_HEADERS, problem, refused } from "../problem.ts";
import type { Handler } from "./tools.ts";

export const register: Handler = async ({ request, network }, { clients, registrations, log }) => {
  if (!(await registrations(network))) {
    return problem(refused("slow_down", "Too many registrations from this address."));
  }
  const body = await readText(request, "application/json");
  if (typeof body !== "string") return problem({ ...body, error: "invalid_client_metadata" });
  const client = await clients.register(body);
  if ("error" in client) return problem(client);
  log.info({ event: "client_registered" }, "client registered");
  const { id, name, redirectUris } = client;
  return Response.json(
    {
      client_id: id,
      client_id_issued_at: Math.floor(Date.now() / 1_000),
      client_name: name,
      redirect_uris: redirectUris,
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
    },
    { status: 201, headers: OPEN_HEADERS },
  );
};
