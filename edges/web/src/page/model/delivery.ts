/** What became of a message that this page's person sent, and how that is said. */

export type Delivery =
  /** It waits for the connection, or for its receipt. */
  | { readonly kind: "pending" }
  /** The broker has it, and somebody else was in the conversation. */
  | { readonly kind: "delivered" }
  /** The broker has it, and nobody else was there. */
  | { readonly kind: "unread" }
  /** The connection broke before the receipt: it may or may not have arrived. */
  | { readonly kind: "unknown"; readonly rest: string }
  /** It was refused; `rest` is what did not go out. */
  | { readonly kind: "failed"; readonly rest: string; readonly why: string }
  /** Its person has sent it again: what became of it stands there. */
  | { readonly kind: "resent" };

/** One text of this page's person. */
export type OwnMessage = {
  readonly text: string;
  delivery: Delivery;
};

/** Where a message stands: whether this page is connected, and what the conversation keeps. */
export type Circumstances = {
  readonly isConnected: boolean;
  /** Seconds for which the conversation keeps messages for those who join later; 0 for none. */
  readonly replayS: number;
};

export type DeliveryNotice = {
  readonly text: string;
  readonly isWarning: boolean;
  /** What is sent again on request; null where that would help nobody. */
  readonly resend: string | null;
};

/** What stands under a message; null where everything is as it should be. */
export function noticeOf(
  { text, delivery }: OwnMessage,
  { isConnected, replayS }: Circumstances,
): DeliveryNotice | null {
  switch (delivery.kind) {
    case "delivered":
      return null;
    case "pending":
      return {
        text: isConnected ? "Sending…" : "Waiting for the connection",
        isWarning: false,
        resend: null,
      };
    case "unread": {
      if (replayS === 0) {
        const why = "Nobody else was here to read this.";
        return { text: why, isWarning: true, resend: text };
      }
      const kept = `Nobody else is here yet. Whoever joins within ${spanOf(replayS)} can read it.`;
      return { text: kept, isWarning: false, resend: null };
    }
    case "unknown": {
      const why = "The connection broke while this was sent. It may not have arrived.";
      return { text: why, isWarning: true, resend: delivery.rest };
    }
    case "failed":
      return { text: `Not sent. ${delivery.why}`, isWarning: true, resend: delivery.rest };
    case "resent":
      return { text: "Sent again below.", isWarning: false, resend: null };
  }
}

/** A span of time in the largest unit that gives it whole. */
export function spanOf(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, "day"],
    [3_600, "hour"],
    [60, "minute"],
  ];
  for (const [size, name] of units) {
    if (seconds >= size) {
      const count = Math.round(seconds / size);
      return count === 1 ? `1 ${name}` : `${count} ${name}s`;
    }
  }
  return seconds === 1 ? "1 second" : `${seconds} seconds`;
}
