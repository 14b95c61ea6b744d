import { expect, test } from "vitest";
import { PEER_ID } from "../testing/fake-broker.ts";
import {
  displayNameOf,
  END_OF_CONVERSATION_DATA,
  END_OF_TURN_DATA,
  isEndOfTurn,
  sentinelOf,
  turnEndOf,
} from "./conventions.ts";
import type { AmsEvent } from "./events.ts";

const STREAM = { streamId: PEER_ID, streamName: "peer", ownerAccountId: "acc_x" };
const PLACED = { ...STREAM, ts: "2026-01-01T00:00:00.000Z", seq: "1-1" };

test.each([
  '{"ams.convention.v1":"end_of_turn"}',
  '{"ams.convention.v1": "end_of_turn"}',
  '{ "ams.convention.v1" :\n\t"end_of_turn" }\n',
])("a sentinel is one whatever its white space: %j", (data) => {
  expect(sentinelOf(data)).toBe("end_of_turn");
});

test("what we write is what we read", () => {
  expect(sentinelOf(END_OF_TURN_DATA)).toBe("end_of_turn");
  expect(sentinelOf(END_OF_CONVERSATION_DATA)).toBe("end_of_conversation");
});

test.each([
  "",
  "end_of_turn",
  'x{"ams.convention.v1":"end_of_turn"}',
  '{"ams.convention.v1":"end_of_turn"}x',
  '{"ams.convention.v1":"end_of_turn","a":1}',
  '{"ams.convention.v1":"working"}',
  '{"ams.convention.v2":"end_of_turn"}',
  '{"amsXconvention.v1":"end_of_turn"}',
  '["ams.convention.v1","end_of_turn"]',
  `${" ".repeat(300)}{"ams.convention.v1":"end_of_turn"}`,
])("anything else is text: %j", (data) => {
  expect(sentinelOf(data)).toBe(null);
});

test("a turn ends by a sentinel, by metadata of older writers, and when the stream leaves", () => {
  const metadata = { "ams.convention.v1": "end_of_turn", name: "Ada" };
  const ends: readonly (readonly [AmsEvent, string | null])[] = [
    [{ type: "token", ...PLACED, data: END_OF_TURN_DATA }, "end_of_turn"],
    [{ type: "token", ...PLACED, data: END_OF_CONVERSATION_DATA }, "end_of_conversation"],
    [{ type: "token", ...PLACED, data: "text" }, null],
    [{ type: "stream_metadata", ...PLACED, metadata }, "end_of_turn"],
    [{ type: "stream_metadata", ...PLACED, metadata: { name: "Ada" } }, null],
    [{ type: "stream_left", ...PLACED }, "left"],
    [{ type: "stream_joined", ...PLACED, metadata: {} }, null],
  ];
  for (const [event, end] of ends) expect(turnEndOf(event)).toBe(end);
  expect(isEndOfTurn({ "ams.convention.v1": "end_of_conversation" })).toBe(true);
  expect(isEndOfTurn({})).toBe(false);
});

test("a display name is display_name, else name, and never blank", () => {
  expect(displayNameOf({ display_name: "Ada", name: "Grace" })).toBe("Ada");
  expect(displayNameOf({ display_name: " ", name: "Grace" })).toBe("Grace");
  expect(displayNameOf({ name: 7 })).toBe(null);
});
