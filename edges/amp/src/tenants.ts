/** The operator's tenants, from a file that is read again on SIGHUP. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isTenant } from "@ams/amp";
import { z } from "zod";
import type { AmpConfig, RegistrationMode } from "./config.ts";

const USER_KEY_CHARACTERS_MIN = 24;

const TENANT = z.object({
  mode: z.enum(["open", "invite", "verified", "admin"]).optional(),
  invite_codes: z.array(z.string().min(1)).max(1_000).optional(),
  owners: z
    .array(
      z.object({
        id: z.string().min(1).max(128),
        user_key: z.string().regex(/^uk_/).min(USER_KEY_CHARACTERS_MIN).optional(),
      }),
    )
    .max(1_000)
    .optional(),
  signatures: z.enum(["optional", "required"]).optional(),
  agent_limit: z.int().min(1).optional(),
  limits: z.object({ routes_per_minute: z.int().min(0).optional() }).optional(),
});

const FILE = z.object({ tenants: z.record(z.string().refine(isTenant), TENANT) });

export type TenantRule = {
  readonly mode: RegistrationMode;
  readonly inviteCodes: readonly string[];
  readonly signaturesRequired: boolean;
  readonly agentLimit: number;
  readonly routesPerMinute: number;
  /** Whether the operator's file names it. */
  readonly isListed: boolean;
};

export class Tenants {
  readonly #config: AmpConfig;
  #file: z.infer<typeof FILE> = { tenants: {} };

  /** Throws with a sentence when the file can't be read. */
  constructor(config: AmpConfig) {
    this.#config = config;
    this.reload();
  }

  reload(): void {
    const path = this.#config.AMS_AMP_TENANTS_FILE;
    if (path === null) return;
    const read = FILE.safeParse(parse(path, "AMS_AMP_TENANTS_FILE"));
    if (!read.success) {
      const { path: at = [], message = "" } = read.error.issues[0] ?? {};
      throw new Error(`AMS_AMP_TENANTS_FILE is wrong at ${at.join(".")}: ${message}`);
    }
    this.#file = read.data;
  }

  ruleOf(tenant: string): TenantRule {
    const own = Object.hasOwn(this.#file.tenants, tenant) ? this.#file.tenants[tenant] : undefined;
    const config = this.#config;
    return {
      mode: own?.mode ?? config.registration,
      inviteCodes: own?.invite_codes ?? [],
      signaturesRequired: (own?.signatures ?? config.AMS_AMP_SIGNATURES) === "required",
      agentLimit: own?.agent_limit ?? config.AMS_AMP_AGENTS_PER_TENANT,
      routesPerMinute: own?.limits?.routes_per_minute ?? config.AMS_AMP_ROUTES_PER_MINUTE,
      isListed: own !== undefined,
    };
  }

  /** Whose user key it is, of those that the operator lists. */
  ownerOf(userKey: string): { readonly owner: string; readonly tenant: string } | null {
    if (userKey.length < USER_KEY_CHARACTERS_MIN) return null;
    const wanted = digest(userKey);
    for (const [tenant, { owners = [] }] of Object.entries(this.#file.tenants)) {
      const owner = owners.find((one) => digest(one.user_key ?? "").equals(wanted));
      if (owner !== undefined) return { owner: owner.id, tenant };
    }
    return null;
  }
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** The JSON of a file that a setting names. */
export function parse(path: string, setting: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    const reason = error instanceof SyntaxError ? "it is not JSON" : "it can't be read";
    throw new Error(`${setting}: ${path}: ${reason}`);
  }
}
