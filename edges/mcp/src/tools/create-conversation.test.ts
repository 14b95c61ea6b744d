import type { Account, Minted, MintOptions } from "@ams/client";
import { expect, test } from "vitest";
import type { Call } from "../request/call.ts";
import type { Parts } from "../request/parts.ts";
import { createConversation } from "./create-conversation.ts";

const MINTED: Minted = {
  conversationId: "conv_1",
  namespace: "demo",
  alias: "stand-up",
  idKind: "ulid",
  metadata: {},
  replay: null,
  expiresAt: null,
  createdAt: "2026-01-31T12:00:00.000Z",
  magicLink: "http://ams/demo/conversations/stand-up?t=x",
  streamId: "str_1",
  streamName: "me",
  streamMetadata: {},
};

/**
 * What is asked of a deployment with these features, and what the tool answers when it mints a
 * conversation with that log.
 */
async function create(features: readonly string[], given: object, replay: Minted["replay"]) {
  const asked: MintOptions[] = [];
  const account = {
    mint: async (options: MintOptions) => {
      asked.push(options);
      return { ...MINTED, replay };
    },
  } as unknown as Account;
  const call = {
    who: { kind: "account", account },
    linkToShow: (link: string) => link,
  } as unknown as Call;
  const offer = { version: "v1", features, limits: {} };
  const parts = { wrapper: { offer: async () => ({ ok: true, offer }) } } as unknown as Parts;
  const outcome = await createConversation.run(call, given, parts);
  return { asked: asked[0]?.replay, answered: outcome.ok ? outcome.value.replay : outcome.fault };
}

test("a log is asked for by default where the deployment offers one, and never where it doesn't", async () => {
  const hour = { ttlS: 3_600, maxBytes: 1_048_576 };
  expect((await create(["replay"], {}, hour)).asked).toEqual(hour);
  expect((await create(["replay"], { replay: false }, null)).asked).toBeUndefined();
  expect((await create(["guests"], {}, null)).asked).toBeUndefined();
  const own = { replay: { ttl_s: 60, max_bytes: 1 } };
  expect((await create(["guests"], own, null)).asked).toBeUndefined();
});

test("the answer says what the conversation has, whatever was asked for", async () => {
  const less = { ttlS: 60, maxBytes: 1_024 };
  expect((await create(["replay"], {}, less)).answered).toEqual({ ttl_s: 60, max_bytes: 1_024 });
  expect((await create(["replay"], {}, null)).answered).toBeNull();
  expect((await create(["guests"], {}, null)).answered).toBeNull();
});
