/** What went wrong, in a sentence for people, and what they can do about it. */
import { AmsError, type AmsErrorCode } from "@ams/client";

/** Buttons that help; the view has one for each. */
export type Remedy =
  | "try_again"
  | "new_name"
  | "take_back"
  | "go_home"
  | "as_guest"
  | "with_account";

export type Fault = {
  readonly title: string;
  readonly sentence: string;
  readonly remedies: readonly Remedy[];
};

const NO_LINK: Fault = {
  title: "This link leads nowhere",
  sentence:
    "It is wrong, expired, used up or revoked. Ask whoever gave it to you for a new one, and copy all of it.",
  remedies: ["try_again", "go_home"],
};

/**
 * Why a link that still can be looked at lets nobody in: the wire has no reason of its own for it
 * (§2.3.6, §3.3.3).
 */
export const USED_UP = new AmsError("invalid_magic_link", "The joins of this link are used up.");

const USED_UP_LINK: Fault = {
  title: "This link is used up",
  sentence:
    "The conversation is there, but as many have joined by this link as its maker allowed. Ask whoever gave it to you for a new one.",
  remedies: ["try_again", "go_home"],
};

const NO_SIGN_UP: Fault = {
  title: "It takes an account",
  sentence:
    "This deployment lets in nobody without one, and not everybody can make one. Mint once on its home page with your credential or invite code, then open this link again.",
  remedies: ["go_home"],
};

const FAULTS: Partial<Record<AmsErrorCode, Fault>> = {
  invalid_magic_link: NO_LINK,
  invalid_token: NO_LINK,
  invalid_link: {
    title: "This link is cut off",
    sentence:
      "Its end, ?t= and 43 characters, is missing or damaged. Copy the whole link again, or ask for it again.",
    remedies: ["go_home"],
  },
  conversation_not_found: {
    title: "There is no such conversation",
    sentence: "It was closed, or the link was changed on its way to you.",
    remedies: ["go_home"],
  },
  conversation_closed: {
    title: "The conversation is closed",
    sentence:
      "Its owner has ended it for everybody. What was said stays on this page until you leave it.",
    remedies: ["go_home"],
  },
  link_revoked: {
    title: "The link was replaced",
    sentence:
      "The owner has given this conversation a new magic link, and the one that you came by ended. Ask for the new one.",
    remedies: ["go_home"],
  },
  stream_displaced: {
    title: "Your place was taken over",
    sentence:
      "Another tab, or another guest under the same name, writes under your name now. You can take it back, or go on under a new name.",
    remedies: ["take_back", "new_name"],
  },
  stream_name_conflict: {
    title: "That name is taken",
    sentence: "Another account writes under it at the moment.",
    remedies: ["new_name"],
  },
  invalid_credential: {
    title: "You were not let in",
    sentence:
      "This deployment lets in nobody without an account of its own. Where signing up is open, this page makes one for you and keeps it in this browser.",
    remedies: ["with_account", "go_home"],
  },
  signup_closed: NO_SIGN_UP,
  invalid_invite: NO_SIGN_UP,
  account_concurrency_limit: {
    title: "Your account is everywhere",
    sentence: "It holds as many live streams as it may. Close another tab, or come in as a guest.",
    remedies: ["try_again", "as_guest"],
  },
  conversation_subscriber_limit: {
    title: "The conversation is full",
    sentence: "As many are in it as it may hold. Try again when somebody has left.",
    remedies: ["try_again"],
  },
  subscriber_backpressure: {
    title: "Too much, too fast",
    sentence: "This page could not keep up with what was said, and was cut off.",
    remedies: ["try_again"],
  },
  rate_limited: {
    title: "A little slower",
    sentence: "This deployment takes no more for the moment. Wait a few seconds.",
    remedies: ["try_again"],
  },
  websocket_blocked: {
    title: "Something blocks the live line",
    sentence:
      "The deployment answers, but a WebSocket doesn't get through to it. A proxy, a firewall or a browser extension in between is the usual reason: try another network, or ask whoever runs it.",
    remedies: ["try_again"],
  },
  unreachable: {
    title: "Nothing answers",
    sentence: "The deployment can't be reached. Look at your network, or try again in a moment.",
    remedies: ["try_again"],
  },
  connection_lost: {
    title: "The connection is gone",
    sentence: "It broke and did not come back.",
    remedies: ["try_again"],
  },
  timeout: {
    title: "No answer",
    sentence: "The deployment did not answer in time. Try again in a moment.",
    remedies: ["try_again"],
  },
  not_ams: {
    title: "This is not AMS",
    sentence: "Something answers at this address, but it doesn't speak the protocol of AMS.",
    remedies: ["try_again"],
  },
  unavailable: {
    title: "The deployment is busy with itself",
    sentence: "A part of it can't be reached at the moment. Try again in a few seconds.",
    remedies: ["try_again"],
  },
};

/** What home says of a conversation that it had minted, when its link leads nowhere any more. */
export const LOST: Fault = {
  title: "Your conversation is no more",
  sentence:
    "This tab had minted it. It was closed or has expired, or its link was replaced elsewhere: the link that is kept here leads nowhere.",
  remedies: ["go_home"],
};

const OVER: readonly string[] = [
  ...["conversation_closed", "conversation_not_found", "link_revoked"],
  ...["invalid_magic_link", "invalid_token"],
];

/** True when the link that one came by lets in nobody any more. */
export function isOver(error: unknown): boolean {
  return error instanceof AmsError && OVER.includes(error.code);
}

/** Codes for which nobody but us is to blame. */
const OTHER: Fault = {
  title: "That did not work",
  sentence: "The connection ended for a reason that this page doesn't know.",
  remedies: ["try_again", "go_home"],
};

export function faultOf(error: unknown): Fault {
  if (!(error instanceof AmsError)) return OTHER;
  if (error === USED_UP) return USED_UP_LINK;
  const known = FAULTS[error.code];
  return known ?? { ...OTHER, sentence: `${error.message} (${error.code})` };
}

/** The same as one sentence, for a line beside a button. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof AmsError)) return OTHER.sentence;
  const known = FAULTS[error.code];
  if (error.code === "rate_limited" && error.retryAfterS !== undefined) {
    return `This deployment takes no more for the moment. Try again in ${error.retryAfterS} s.`;
  }
  return known === undefined ? error.message : known.sentence;
}
