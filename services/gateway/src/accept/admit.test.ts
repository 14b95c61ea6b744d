// Both access checks: each refusal, and that of two faults the first in the order of §3.3 is
// reported.
import {
  DirectoryUnavailable,
  guestAccountOf,
  hash,
  newCredential,
  newLinkToken,
  streamIdOf,
} from "@ams/directory";
import { isStreamName, type StreamName } from "@ams/protocol";
import { describe, expect, test } from "vitest";
import {
  admittedBy,
  CREDENTIAL,
  connect,
  LINK_HASH,
  NOW,
  PEPPERS,
  TOKEN,
  type World,
} from "../testing/connects.ts";
import { ACCOUNT, admissionOf, CONVERSATION, streamId } from "../testing/fakes.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The faults in the order of §3.3, each with what brings it about. */
const FAULTS: readonly (readonly [string, string, (world: World) => void])[] = [
  [
    "§3.3.0 a foreign host",
    "host_not_allowed",
    (it) => Object.assign(it, { isHostAccepted: false }),
  ],
  ["§3.3.1 t missing", "invalid_magic_link", (it) => delete it.query.t],
  [
    "§3.3.2 no such conversation",
    "conversation_not_found",
    (it) => Object.assign(it, { admission: null }),
  ],
  [
    "§3.3.3 a wrong token",
    "invalid_magic_link",
    (it) => Object.assign(it.query, { t: newLinkToken() }),
  ],
  [
    "§3.3.4 a wrong credential",
    "invalid_credential",
    (it) => Object.assign(it, { authorization: `Bearer ${newCredential()}` }),
  ],
  [
    "§3.3.5 a bad name",
    "invalid_stream_name_header",
    (it) => Object.assign(it.headers, { "x-ams-stream-name": "-no" }),
  ],
  [
    "§3.3.6 bad metadata",
    "invalid_stream_metadata_header",
    (it) => Object.assign(it.headers, { "x-ams-stream-metadata": "!" }),
  ],
  [
    "§3.3.7 a bad peer identity",
    "invalid_peer_identity_header",
    (it) => Object.assign(it.headers, { "x-ams-peer-identity": base64('{"kind":"cat"}') }),
  ],
  [
    "§3.3.7 a bad list of streams",
    "invalid_subscribe_streams_header",
    (it) => Object.assign(it.headers, { "x-ams-subscribe-streams": "str_1" }),
  ],
];

describe("§3.3 refusals", () => {
  test.each(FAULTS)("%s: %s", async (_name, fault, change) => {
    expect(await connect(change)).toEqual({ ok: false, fault });
  });

  const pairs = FAULTS.flatMap((first, index) =>
    FAULTS.slice(index + 1).map((second) => [first, second] as const),
  );
  test.each(pairs)("of two faults the first is reported: %o and %o", async (first, second) => {
    const both = (it: World) => {
      second[2](it);
      first[2](it);
    };
    expect(await connect(both)).toEqual({ ok: false, fault: first[1] });
  });

  test.each([
    ["an empty t", "invalid_magic_link", (it: World) => Object.assign(it.query, { t: "" })],
    [
      "a reserved namespace",
      "conversation_not_found",
      (it: World) => Object.assign(it, { namespace: "v1" }),
    ],
    ["no alias", "conversation_not_found", (it: World) => Object.assign(it, { alias: "NO" })],
    [
      "a token that is none",
      "invalid_magic_link",
      (it: World) => Object.assign(it.query, { t: "x" }),
    ],
    [
      "no live link",
      "invalid_magic_link",
      (it: World) => Object.assign(it, { admission: { ...admissionOf(LINK_HASH), links: [] } }),
    ],
    [
      "an expired link",
      "invalid_magic_link",
      (it: World) =>
        Object.assign(it, { admission: admissionOf(LINK_HASH, { expires_at_ms: NOW }) }),
    ],
    [
      "no credential",
      "invalid_credential",
      (it: World) => Object.assign(it, { authorization: "" }),
    ],
    [
      "a credential of another scheme",
      "invalid_credential",
      (it: World) => Object.assign(it, { authorization: `Basic ${CREDENTIAL}` }),
    ],
    [
      "a credential that has ended, before a bad name",
      "invalid_credential",
      (it: World) => {
        Object.assign(it, { account: null });
        Object.assign(it.headers, { "x-ams-stream-name": "-no" });
      },
    ],
    [
      "metadata that is no object",
      "invalid_stream_metadata_header",
      (it: World) => Object.assign(it.headers, { "x-ams-stream-metadata": base64("[]") }),
    ],
    [
      "metadata a byte too long",
      "invalid_stream_metadata_header",
      (it: World) =>
        Object.assign(it.headers, {
          "x-ams-stream-metadata": base64(`{"a":"${"x".repeat(8_185)}"}`),
        }),
    ],
  ])("%s: %s", async (_name, fault, change) => {
    expect(await connect(change)).toEqual({ ok: false, fault });
  });

  test("§3.3.3 a used-up link admits nobody new whatever else is wrong, and leaves it to the claim who may come back", async () => {
    const usedUp = (it: World) =>
      Object.assign(it, { admission: admissionOf(LINK_HASH, { max_joins: 2 }, 2) });
    expect(await connect(usedUp)).toMatchObject({ ok: true });
    const ended = (it: World) => Object.assign(it, { account: null });
    for (const change of [ended, ...FAULTS.slice(4).map(([, , fault]) => fault)]) {
      const both = (it: World) => {
        usedUp(it);
        change(it);
      };
      expect(await connect(both)).toEqual({ ok: false, fault: "invalid_magic_link" });
    }
  });

  test("§3.3.10 a directory that is away is no refusal by the access checks", async () => {
    await expect(connect((it) => Object.assign(it, { fails: true }))).rejects.toThrow(
      DirectoryUnavailable,
    );
  });
});

describe("§3.3 what is remembered of a conversation", () => {
  const remembered = admissionOf(LINK_HASH);

  test("lets in whom it knows, without a read", async () => {
    const value = await admittedBy((it) => Object.assign(it, { remembered, fails: true }));
    expect(value.admission).toBe(remembered);
  });

  test("turns nobody away: a link that is newer than the memory admits", async () => {
    const older = admissionOf(hash(PEPPERS.link[0], newLinkToken()));
    const value = await admittedBy((it) => Object.assign(it, { remembered: older }));
    expect(value.admission.links).toEqual([{ number: 1, hash: LINK_HASH }]);
  });

  test.each(FAULTS.slice(2))(
    "a refusal is that of what stands now: %s",
    async (_name, fault, change) => {
      const both = (it: World) => {
        Object.assign(it, { remembered: admissionOf(hash(PEPPERS.link[0], "other")) });
        change(it);
      };
      expect(await connect(both)).toEqual({ ok: false, fault });
    },
  );

  test("that a link is used up is read again, and reported before a credential that has ended", async () => {
    const usedUp = (it: World) =>
      Object.assign(it, {
        remembered: admissionOf(LINK_HASH, { max_joins: 2 }, 1),
        admission: admissionOf(LINK_HASH, { max_joins: 2 }, 2),
        account: null,
      });
    expect(await connect(usedUp)).toEqual({ ok: false, fault: "invalid_magic_link" });
  });
});

describe("who comes in", () => {
  test("§1.3 the stream id is the one of conversation, account and name", async () => {
    const value = await admittedBy();
    const streamId = streamIdOf(PEPPERS, CONVERSATION, ACCOUNT, "lead" as StreamName);
    expect(value.credential).toBe(hash(PEPPERS.credential[0], CREDENTIAL));
    expect(value).toMatchObject({ streamId, streamName: "lead", accountId: ACCOUNT });
    expect(value).toMatchObject({ metadata: null, peerIdentity: null, subscribeStreams: null });
    expect(value).toMatchObject({ selfSubscribe: false, receipts: false, link: { number: 1 } });
  });

  test("§3.2 a name that is absent or empty is generated", async () => {
    const generated = await admittedBy((it) =>
      Object.assign(it.headers, { "x-ams-stream-name": "" }),
    );
    expect(generated.streamName).toMatch(/^stream-[\w-]{8}$/);
    expect(isStreamName(generated.streamName)).toBe(true);
  });

  test("§3.2.1 a browser's credential comes as a subprotocol, and a header beats it", async () => {
    const browser = (it: World) =>
      Object.assign(it, {
        authorization: "",
        subprotocols: ["ams.v1", `ams.bearer.${CREDENTIAL}`],
      });
    expect((await admittedBy(browser)).accountId).toBe(ACCOUNT);
    const both = (it: World) =>
      Object.assign(it, { subprotocols: [`ams.bearer.${newCredential()}`, "ams.guest"] });
    expect((await admittedBy(both)).accountId).toBe(ACCOUNT);
  });

  test("§3.2.3 a guest is the link's anonymous account, where guests are offered", async () => {
    const guest = (it: World) =>
      Object.assign(it, { authorization: "", subprotocols: ["ams.v1", "ams.guest"] });
    const value = await admittedBy(guest);
    expect(value).toMatchObject({ accountId: guestAccountOf(PEPPERS, TOKEN), credential: null });
    const notOffered = (it: World) => {
      guest(it);
      it.guests = false;
    };
    expect(await connect(notOffered)).toEqual({ ok: false, fault: "invalid_credential" });
  });

  test("§3.2.1, §3.2.3 without ams.v1 the other subprotocols are not read", async () => {
    for (const alone of ["ams.guest", `ams.bearer.${CREDENTIAL}`]) {
      const change = (it: World) =>
        Object.assign(it, { authorization: "", subprotocols: [alone, "chat"] });
      expect(await connect(change)).toEqual({ ok: false, fault: "invalid_credential" });
    }
  });

  test("§3.2.3 a bearer that is wrong is never downgraded to a guest", async () => {
    for (const wrong of [`Bearer ${newCredential()}`, "Bearer", "Bearer x", "nonsense"]) {
      const change = (it: World) =>
        Object.assign(it, { authorization: wrong, subprotocols: ["ams.v1", "ams.guest"] });
      expect(await connect(change)).toEqual({ ok: false, fault: "invalid_credential" });
    }
    const subprotocols = ["ams.v1", "ams.guest", "ams.bearer.x"];
    const change = (it: World) => Object.assign(it, { authorization: "", subprotocols });
    expect(await connect(change)).toEqual({ ok: false, fault: "invalid_credential" });
  });

  test("§1.6 credentials and links of an older pepper still open", async () => {
    const older = (it: World) =>
      Object.assign(it, { admission: admissionOf(hash(PEPPERS.link[1] ?? "", TOKEN)) });
    expect((await admittedBy(older)).accountId).toBe(ACCOUNT);
  });

  test("§3.2 each wish may be a query parameter, and the header wins", async () => {
    const listed = streamId(7);
    const value = await admittedBy((it) => {
      Object.assign(it.query, {
        stream_name: "loses",
        stream_metadata: Buffer.from('{"a":"?>"}').toString("base64url"),
        peer_identity: Buffer.from('{"kind":"human"}').toString("base64url"),
        self_subscribe: "TRUE",
        subscribe_streams: ` ${listed} ,${listed}`,
        receipts: "1",
      });
    });
    expect(value).toMatchObject({
      streamName: "lead",
      metadata: '{"a":"?>"}',
      peerIdentity: '{"kind":"human"}',
      selfSubscribe: true,
      subscribeStreams: [listed],
      receipts: true,
    });
  });
});
