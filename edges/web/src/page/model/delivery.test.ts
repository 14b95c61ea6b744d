import { expect, test } from "vitest";
import { type Delivery, noticeOf, spanOf } from "./delivery.ts";

const notice = (delivery: Delivery, isConnected = true, replayS = 0) =>
  noticeOf({ text: "Hello", delivery }, { isConnected, replayS });

test("what arrived, and somebody was there to read it, needs no notice", () => {
  expect(notice({ kind: "delivered" })).toBe(null);
});

test("what is pending says whether it is being sent, or waits for the connection", () => {
  expect(notice({ kind: "pending" })?.text).toBe("Sending…");
  expect(notice({ kind: "pending" }, false)?.text).toBe("Waiting for the connection");
});

test("what nobody was there to read says so, and can be sent again unless it is kept", () => {
  expect(notice({ kind: "unread" })).toEqual({
    text: "Nobody else was here to read this.",
    isWarning: true,
    resend: "Hello",
  });
  expect(notice({ kind: "unread" }, true, 3_600)).toMatchObject({
    text: "Nobody else is here yet. Whoever joins within 1 hour can read it.",
    resend: null,
  });
});

test("what may not have arrived, and what was refused, says so, and its rest can be sent again", () => {
  expect(notice({ kind: "unknown", rest: "lo" })).toMatchObject({ isWarning: true, resend: "lo" });
  const failed = notice({ kind: "failed", rest: "Hello", why: "It is closed." });
  expect(failed).toEqual({ text: "Not sent. It is closed.", isWarning: true, resend: "Hello" });
  expect(notice({ kind: "resent" })?.resend).toBe(null);
});

test.each([
  [1, "1 second"],
  [59, "59 seconds"],
  [60, "1 minute"],
  [3_600, "1 hour"],
  [7_200, "2 hours"],
  [604_800, "7 days"],
])("%i seconds are %s", (seconds, text) => {
  expect(spanOf(seconds)).toBe(text);
});
