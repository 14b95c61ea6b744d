/**
 * Looks before it leaps: whether the link leads somewhere, who the members will be, and what the
 * deployment is.
 */
import { AmsError, inspect, offer } from "@ams/client";
import type { Plan, Target } from "@ams/loadtest";
import { linkAddressOf } from "../conversation/link-address.ts";
import { CliError } from "../faults/fault.ts";
import type { Context } from "../options/context.ts";
import { isSameOrigin, type Settings, settingsOf } from "../options/settings.ts";
import { visitorsOf } from "./plan.ts";
import { refusedError } from "./refused.ts";

export type LoadTarget = Target & {
  /** Streams that were live in the conversation before the run. */
  readonly present: number;
  readonly limits: Readonly<Record<string, number>>;
  /** Its conversations keep their frames. */
  readonly keeps: boolean;
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
  const { streams, replay } = await inspect(link, { signal });
  const url = linkAddressOf(link)?.url ?? link;
  const { version, features, limits } = await offer(url, { signal });
  const credential = credentialFor(
    link,
    wantsAccount,
    features.includes("guests"),
    await settingsOf(context),
  );
  const target = { url, brokerVersion: version, credential, limits };
  return { ...target, links: [link], present: streams.length, keeps: replay !== null };
}

/** Likewise of conversations that are made for the run. */
export async function lookAtOwn(
  links: readonly string[],
  keeps: boolean,
  wantsAccount: boolean,
  context: Context,
): Promise<LoadTarget> {
  const [link = ""] = links;
  return { ...(await lookAt(link, wantsAccount, context)), links, keeps };
}

/** Throws with the limit of the deployment that the plan is past, and what to set it to. */
export function checkLimits(plan: Plan, target: LoadTarget): void {
  const { subscribers, emitters, conversations, connections, mix } = plan;
  const { present, limits, credential, keeps } = target;
  const visitors = Math.ceil(visitorsOf(plan) / conversations);
  // Readers of the feed share one subscriber of a conversation.
  const bySse = Math.floor(subscribers * mix.sse);
  const streams = subscribers - bySse + (bySse > 0 ? 1 : 0) + emitters + visitors;
  const most = limits.subscribers_per_conversation ?? Number.POSITIVE_INFINITY;
  if (streams + present > most) throw refused("conversation_subscriber_limit", plan, target);
  const own = limits.streams_per_account ?? Number.POSITIVE_INFINITY;
  if (credential !== null && connections > own) {
    throw refused("account_concurrency_limit", plan, target);
  }
  if (mix.sse > 0 && !keeps) {
    throw new CliError(
      "no_replay",
      "Readers by SSE need a conversation that keeps its frames: mint it with replay (PROTOCOL §2.3), or leave the link out, so that the run makes its own.",
    );
  }
}

function refused(code: string, plan: Plan, target: LoadTarget): Error {
  return refusedError({ code, message: code, closeCode: null, joined: 0 }, plan, target);
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
