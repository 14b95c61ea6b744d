/** What went wrong, in a sentence for people, and what they can do about it. */
import { AmsError, type AmsErrorCode } from "@ams/client";

/** What a button does about it; the view has one for each. */
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
  title: "This link does not work",
  sentence:
    "The conversation exists, but this link is wrong, has expired, or was replaced by its owner. Ask the person who gave it to you for a new one, and copy all of it.",
  remedies: ["try_again", "go_home"],
};

/**
 * Why a link that can still be inspected admits nobody: the wire has no reason of its own for it
 * (§2.3.6, §3.3.3).
 */
export const USED_UP = new AmsError("invalid_magic_link", "The joins of this link are used up.");

const USED_UP_LINK: Fault = {
  title: "This link is used up",
  sentence:
    "The conversation exists, but as many have joined by this link as its owner allowed. Ask the person who gave it to you for a new one.",
  remedies: ["try_again", "go_home"],
};

const NO_SIGN_UP: Fault = {
  title: "An account is required",
  sentence:
    "This deployment has no guests, and creating an account needs an invite code or a credential. Create a conversation on the home page with yours, then open this link again.",
  remedies: ["go_home"],
};

const FAULTS: Partial<Record<AmsErrorCode, Fault>> = {
  invalid_magic_link: NO_LINK,
  invalid_token: NO_LINK,
  invalid_link: {
    title: "This link is incomplete",
    sentence:
      "Its end, ?t= and 43 characters, is missing or damaged. Copy the whole link again, or ask for a new one.",
    remedies: ["go_home"],
  },
  conversation_not_found: {
    title: "There is no such conversation",
    sentence:
      "Its owner closed it, it has expired, or the address was changed on its way to you. Ask the person who gave it to you.",
    remedies: ["go_home"],
  },
  conversation_closed: {
    title: "The conversation is closed",
    sentence:
      "Its owner has ended it for everybody. The messages stay on this page until you close it.",
    remedies: ["go_home"],
  },
  link_revoked: {
    title: "Your link was ended",
    sentence:
      "The owner has replaced or ended the magic link that you joined by. Ask for a new one.",
    remedies: ["go_home"],
  },
  stream_displaced: {
    title: "Your name is in use elsewhere",
    sentence:
      "Another tab, or another guest, has joined under the same stream name and now writes under it. You can take it back, or continue under a new name.",
    remedies: ["take_back", "new_name"],
  },
  stream_name_conflict: {
    title: "That name is taken",
    sentence:
      "Another account uses this stream name in the conversation. Continue under a new one.",
    remedies: ["new_name"],
  },
  invalid_credential: {
    title: "An account is required",
    sentence:
      "This deployment has no guests. Where accounts are open to everybody, this page creates one for you and keeps it in this browser.",
    remedies: ["with_account", "go_home"],
  },
  signup_closed: NO_SIGN_UP,
  invalid_invite: NO_SIGN_UP,
  account_concurrency_limit: {
    title: "Too many connections",
    sentence:
      "Your account has as many live streams as it may have. Close another tab, or join as a guest.",
    remedies: ["try_again", "as_guest"],
  },
  conversation_subscriber_limit: {
    title: "The conversation is full",
    sentence: "It has as many participants as it may have. Try again when somebody has left.",
    remedies: ["try_again"],
  },
  subscriber_backpressure: {
    title: "This page was too slow",
    sentence: "It could not keep up with the messages, and was disconnected.",
    remedies: ["try_again"],
  },
  rate_limited: {
    title: "Too many requests",
    sentence: "This deployment accepts no more for the moment. Wait a few seconds.",
    remedies: ["try_again"],
  },
  websocket_blocked: {
    title: "The WebSocket connection is blocked",
    sentence:
      "The deployment answers, but a WebSocket connection to it fails. Usually a proxy, a firewall or a browser extension blocks it: try another network, or ask the operator.",
    remedies: ["try_again"],
  },
  unreachable: {
    title: "The deployment does not answer",
    sentence: "It can't be reached. Check your network, or try again in a moment.",
    remedies: ["try_again"],
  },
  connection_lost: {
    title: "The connection was lost",
    sentence: "It broke and could not be restored.",
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
    title: "The deployment is unavailable",
    sentence: "A part of it can't be reached at the moment. Try again in a few seconds.",
    remedies: ["try_again"],
  },
};

/** What home says of a conversation that it had minted, when its link works no more. */
export const ENDED: Fault = {
  title: "Your conversation has ended",
  sentence:
    "This tab created it. It was closed, has expired, or its link was replaced elsewhere: the link that is kept here no longer works.",
  remedies: ["go_home"],
};

/** Codes after which the link admits nobody. */
const OVER: readonly string[] = [
  ...["conversation_closed", "conversation_not_found", "link_revoked"],
  ...["invalid_magic_link", "invalid_token"],
];

/** True when the link that one joined by admits nobody any more. */
export function isOver(error: unknown): boolean {
  return error instanceof AmsError && OVER.includes(error.code);
}

/** For codes that nobody can do anything about here. */
const OTHER: Fault = {
  title: "Something went wrong",
  sentence: "The connection ended for a reason that this page does not know.",
  remedies: ["try_again", "go_home"],
};

export function faultOf(error: unknown): Fault {
  if (!(error instanceof AmsError)) return OTHER;
  if (error === USED_UP) return USED_UP_LINK;
  const known = FAULTS[error.code];
  return known ?? { ...OTHER, sentence: `${error.message} (${error.code})` };
}

/** The same as one sentence, to be shown beside a button. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof AmsError)) return OTHER.sentence;
  const known = FAULTS[error.code];
  if (error.code === "rate_limited" && error.retryAfterS !== undefined) {
    return `This deployment accepts no more for the moment. Try again in ${error.retryAfterS} s.`;
  }
  return known === undefined ? error.message : known.sentence;
}

/** The same of what only the owner can do, by the account that this browser keeps. */
export function ownersSentenceOf(error: unknown): string {
  if (!(error instanceof AmsError) || error.code !== "invalid_credential") return sentenceOf(error);
  return "The account that created this conversation is not in this browser any more. Only that account can do this.";
}
