/** What an agent says of itself, at registration and when it changes it. */
import { randomBytes } from "node:crypto";
import { isAddressPattern } from "@ams/amp";
import type { AgentRecord, Policy } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { bad, badField, good, type Step } from "../http/answer.ts";
import { isAbsent, type Members, membersOf, optionalObject, optionalText } from "../http/fields.ts";

const METADATA_BYTES_MAX = 16_384;
const CAPABILITIES_MAX = 32;
const CAPABILITY_CHARACTERS_MAX = 64;
const ALIAS_CHARACTERS_MAX = 128;
const PATTERNS_MAX = 256;
const SECRET_CHARACTERS_MAX = 256;

export type Profile = Pick<
  AgentRecord,
  "alias" | "delivery" | "metadata" | "capabilities" | "policy"
> & {
  /** A webhook secret that we made: shown once. */
  readonly secret: string | null;
};

export const OPEN: Policy = { mode: "open", allow: [] };

/** Of a registration. */
export function readProfile(amp: Pick<Amp, "outgoing" | "secrets">, body: Members): Step<Profile> {
  const nothing = {
    alias: null,
    delivery: { webhook_url: null, secret: null, prefer_websocket: true },
    metadata: null,
    capabilities: [],
    policy: OPEN,
  };
  return changeProfile(amp, body, nothing);
}

/** Only what the body has is changed; null removes it. */
export function changeProfile(
  amp: Pick<Amp, "outgoing" | "secrets">,
  body: Members,
  before: Omit<Profile, "secret">,
): Step<Profile> {
  const rule = `at most ${ALIAS_CHARACTERS_MAX} characters`;
  const isAlias = (text: string) => text.length <= ALIAS_CHARACTERS_MAX;
  const alias =
    body.alias === undefined
      ? good(before.alias)
      : optionalText(body.alias, "alias", isAlias, rule);
  if (!alias.ok) return alias;
  const metadata =
    body.metadata === undefined
      ? good(before.metadata)
      : optionalObject(body.metadata, "metadata", METADATA_BYTES_MAX);
  if (!metadata.ok) return metadata;
  const capabilities = readCapabilities(body.capabilities, before.capabilities);
  if (!capabilities.ok) return capabilities;
  const policy = readPolicy(body.communication_policy, before.policy);
  if (!policy.ok) return policy;
  const delivery = readDelivery(amp, body.delivery, before.delivery);
  if (!delivery.ok) return delivery;
  return good({
    alias: alias.value,
    metadata: metadata.value,
    capabilities: capabilities.value,
    policy: policy.value,
    ...delivery.value,
  });
}

function readCapabilities(value: unknown, before: readonly string[]): Step<readonly string[]> {
  if (value === undefined) return good(before);
  if (value === null) return good([]);
  const isGood = (one: unknown): one is string =>
    typeof one === "string" && one.length <= CAPABILITY_CHARACTERS_MAX;
  if (Array.isArray(value) && value.length <= CAPABILITIES_MAX && value.every(isGood))
    return good(value);
  const rule = "capabilities must be at most 32 strings of at most 64 characters.";
  return bad(badField("capabilities", false, rule));
}

function readPolicy(value: unknown, before: Policy): Step<Policy> {
  if (value === undefined) return good(before);
  if (value === null) return good(OPEN);
  const { mode, allow = [] } = membersOf(value) ?? {};
  const isPattern = (one: unknown): one is string =>
    typeof one === "string" && isAddressPattern(one);
  const areGood = Array.isArray(allow) && allow.length <= PATTERNS_MAX && allow.every(isPattern);
  if ((mode !== "open" && mode !== "restricted") || !areGood) {
    const rule =
      'communication_policy must be {"mode": "open" or "restricted", "allow": at most 256 addresses or patterns}.';
    return bad(badField("communication_policy", false, rule));
  }
  return good({ mode, allow: allow.map((one) => one.toLowerCase()) });
}

function readDelivery(
  { outgoing, secrets }: Pick<Amp, "outgoing" | "secrets">,
  value: unknown,
  before: AgentRecord["delivery"],
): Step<Pick<Profile, "delivery" | "secret">> {
  if (isAbsent(value)) return good({ delivery: before, secret: null });
  const given = membersOf(value);
  if (given === null) return bad(badField("delivery", false, "delivery must be an object."));
  const { webhook_url, webhook_secret, prefer_websocket } = given;
  const url =
    webhook_url === undefined
      ? good(before.webhook_url)
      : optionalText(webhook_url, "delivery.webhook_url", () => true, "an https URL");
  if (!url.ok) return url;
  const fault = url.value === null ? null : outgoing.faultOf(url.value);
  if (fault !== null)
    return bad(badField("delivery.webhook_url", false, `delivery.webhook_url ${fault}.`));
  const isSecret = (text: string) => text.length >= 8 && text.length <= SECRET_CHARACTERS_MAX;
  const own = optionalText(
    webhook_secret,
    "delivery.webhook_secret",
    isSecret,
    "8 to 256 characters",
  );
  if (!own.ok) return own;
  if (!isAbsent(prefer_websocket) && typeof prefer_websocket !== "boolean")
    return bad(badField("delivery.prefer_websocket", false, "It must be true or false."));
  const isNeeded = url.value !== null && before.secret === null && own.value === null;
  const made = isNeeded ? `whsec_${randomBytes(32).toString("base64url")}` : null;
  const secret = own.value ?? made;
  return good({
    delivery: {
      webhook_url: url.value,
      secret: secret === null ? before.secret : secrets.seal(secret),
      prefer_websocket: prefer_websocket ?? before.prefer_websocket,
    },
    secret: made,
  });
}
