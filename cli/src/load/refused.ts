/** Why a run could not begin, in a sentence that says which setting to raise and to what. */
import { AmsError, type AmsErrorCode } from "@ams/client";
import type { Plan, Refusal } from "@ams/loadtest";
import { EXIT_OF } from "../faults/exit-codes.ts";
import { CliError } from "../faults/fault.ts";
import { visitorsOf } from "./plan.ts";
import type { LoadTarget } from "./preflight.ts";

export function refusedError(refusal: Refusal, plan: Plan, target: LoadTarget): Error {
  const { code, message, closeCode } = refusal;
  const details = closeCode === null ? {} : { close_code: closeCode };
  const known = isCode(code) ? code : "refused";
  const sentence = sentenceOf(code, plan, target);
  if (sentence !== null) return new CliError(known, sentence, details);
  return new AmsError(known, message, {
    ...(closeCode === null ? {} : { closeCode }),
  });
}

function sentenceOf(code: string, plan: Plan, target: LoadTarget): string | null {
  const { connections, conversations } = plan;
  const each = Math.ceil(connections / conversations) + Math.ceil(visitorsOf(plan) / conversations);
  if (code === "conversation_subscriber_limit") {
    const { present, limits } = target;
    const space = (limits.subscribers_per_conversation ?? 0) - present;
    const there = present === 0 ? "" : ` beside the ${present} that were there`;
    return `The conversation is full${at(limits.subscribers_per_conversation)}: this run needs ${each} subscribers${there}, so start the deployment with AMS_SUBSCRIBERS_PER_CONVERSATION=${each + present} or more${orAtMost(space)}.`;
  }
  if (code === "account_concurrency_limit") {
    return `The account may hold no more streams${at(target.limits.streams_per_account)}: this run needs ${connections} beside its others, so start the deployment with AMS_STREAMS_PER_ACCOUNT=${connections} or more; for guests, with AMS_GUESTS_PER_ACCOUNT.`;
  }
  if (code === "rate_limited") {
    return "The deployment closed a connection for sending too fast (4290): raise its AMS_FRAMES_PER_SECOND and AMS_BYTES_PER_SECOND, or lower --rate.";
  }
  return null;
}

function at(limit: number | undefined): string {
  return limit === undefined ? "" : ` (the deployment allows ${limit})`;
}

/** For those to whom the deployment doesn't belong. */
function orAtMost(space: number): string {
  return space > 0 ? `, or ask for ${space} connections at most` : "";
}

function isCode(text: string): text is AmsErrorCode {
  return Object.hasOwn(EXIT_OF, text);
}
