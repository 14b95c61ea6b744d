/**
 * Looks before it leaps: whether the link leads somewhere, who the members will be, and what the
 * deployment is.
 */
import { AmsError, inspect, offer } from "@ams/client";
import type { Target } from "@ams/loadtest";
import { linkAddressOf } from "../conversation/link-address.ts";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { isSameOrigin, type Settings, settingsOf } from "../options/settings.ts";

export type LoadTarget = Target & {
  /** Streams that were live in the conversation before the run. */
  readonly present: number;
  readonly limits: Readonly<Record<string, number>>;
};

/**
 * Throws what `inspect` and `offer` throw, and `not_offered` or `missing_credential` when there is
 * nobody to join as.
 */
export async function lookAt(
  link: string,
  wantsAccount: boolean,
  context: Context,
): Promise<LoadTarget> {
  const { signal } = context;
  const { streams } = await inspect(link, { signal });
  const url = linkAddressOf(link)?.url ?? link;
  const { version, features, limits } = await offer(url, { signal });
  const credential = credentialFor(
    link,
    wantsAccount,
    features.includes("guests"),
    await settingsOf(context),
  );
  return { link, url, brokerVersion: version, credential, present: streams.length, limits };
}

function credentialFor(
  link: string,
  wantsAccount: boolean,
  letsGuestsIn: boolean,
  settings: Settings,
): string | null {
  if (!wantsAccount && letsGuestsIn) return null;
  const { credential, credentialFor: origin } = settings;
  const isTheirs = origin === null || isSameOrigin(origin, link);
  if (credential !== null && (wantsAccount || isTheirs)) return credential;
  if (wantsAccount) throw new AmsError("missing_credential", "There is no account.");
  throw new CliError(
    "not_offered",
    "This deployment lets no guests in: set AMS_CREDENTIAL, or give the --profile of an account there.",
  );
}
