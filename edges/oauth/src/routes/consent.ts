/** The authorization endpoint: shows the page, and takes the person's answer. */
import { type KeyFault, makeKey } from "../account-keys.ts";
import { type Checked, checkAuthorization, codeLocation, errorLocation } from "../authorize.ts";
import { readParameters, readText } from "../form.ts";
import { consentPage, faultPage } from "../page.ts";
import type { Call, Handler, Tools } from "./tools.ts";

const SENTENCES: Record<KeyFault, string> = {
  invalid_credential: "This is not the credential of an account here.",
  insufficient_scope: "This credential may not make keys: use the account's own, or a full key.",
  key_limit: "The account has as many keys as it may have: revoke one first.",
  rate_limited: "Too many keys were made just now: wait a minute.",
  unavailable: "The deployment can't be reached just now: try again in a moment.",
};

export const showConsent: Handler = async (call, tools) => {
  const parameters = readParameters(new URL(call.request.url).searchParams);
  if ("error" in parameters) return faultPage(400, parameters.description);
  // A document may have to be fetched for it.
  if (!(await tools.consents(call.network))) return tooMany();
  const checked = await checkAuthorization(parameters, tools.clients, call.baseUrl);
  return checked.ok ? consentPage(checked.value, parameters, null) : refusalOf(checked);
};

export const answerConsent: Handler = async (call, tools) => {
  const body = await readText(call.request, "application/x-www-form-urlencoded");
  if (typeof body !== "string") return faultPage(400, body.description);
  const parameters = readParameters(new URLSearchParams(body));
  if ("error" in parameters) return faultPage(400, parameters.description);
  if (!(await tools.consents(call.network))) return tooMany();
  const checked = await checkAuthorization(parameters, tools.clients, call.baseUrl);
  if (!checked.ok) return refusalOf(checked);
  const authorization = checked.value;
  if (parameters.get("answer") !== "allow") {
    const denied = { error: "access_denied", description: "The person said no." } as const;
    return redirect(errorLocation(authorization, denied, call.baseUrl));
  }
  const key = await makeKey({
    url: tools.url(),
    credential: parameters.get("credential") ?? "",
    name: authorization.clientName,
    scopes: authorization.scopes,
  });
  if (typeof key === "string") return consentPage(authorization, parameters, SENTENCES[key]);
  return redirect(await locationOf(authorization, key, call, tools));
};

async function locationOf(
  authorization: Extract<Checked, { ok: true }>["value"],
  key: Exclude<Awaited<ReturnType<typeof makeKey>>, string>,
  { baseUrl }: Call,
  { grants, log }: Tools,
): Promise<string> {
  const code = await grants.consent({ ...authorization, key });
  log.info({ event: "consent", account_id: key.accountId, key_id: key.keyId }, "consent");
  return codeLocation(authorization, code, baseUrl);
}

function refusalOf(checked: Exclude<Checked, { ok: true }>): Response {
  return "page" in checked ? faultPage(400, checked.page) : redirect(checked.location);
}

function tooMany(): Response {
  return faultPage(429, "Too many requests from this address: wait a minute.");
}

/** 303: what follows is a GET, and carries nothing of the form. */
function redirect(location: string): Response {
  return new Response(null, {
    status: 303,
    headers: { location, "cache-control": "no-store", "referrer-policy": "no-referrer" },
  });
}
