// What goes wrong in the world, with real servers: each is one clear sentence with the right code,
// and holds no secret.
import { randomBytes } from "node:crypto";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import type { Account, AmsError, Connection, JoinOptions, Minted } from "@ams/client";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { describeEach } from "./entries.ts";
import { all, failure } from "./reading.ts";

const SOMEBODY = `ams_sk_${"c".repeat(43)}`;

let ams: Standalone;
beforeAll(async () => {
  ams = await startStandalone({
    AMS_STREAMS_PER_ACCOUNT: "2",
    AMS_SUBSCRIBERS_PER_CONVERSATION: "3",
  });
});
afterAll(() => ams.stop());

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server): Promise<string> {
  const sockets = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => sockets.add(socket));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describeEach((sdk) => {
  const open: Connection[] = [];
  let account: Account;
  let minted: Minted;
  beforeEach(async () => {
    const namespace = `bad-${randomBytes(6).toString("hex")}`;
    account = await sdk().createAccount(ams.url, { namespace });
    minted = await account.mint();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((connection) => connection.close()));
  });

  const join = async (link: string, options: JoinOptions = { guest: true }) => {
    const connection = await sdk().join(link, options);
    open.push(connection);
    return connection;
  };
  /** The failure, after a look whether it is fit for people and for a log. */
  const refusal = async (promise: Promise<unknown>): Promise<AmsError> => {
    const error = await failure(promise);
    const token = new URL(minted.magicLink).searchParams.get("t") ?? "";
    expect(error).toBeInstanceOf(sdk().AmsError);
    expect(error.message).toMatch(/^\S.{8,160}[.?]$/);
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
      for (const secret of [token, token.slice(0, 20), account.credential, SOMEBODY]) {
        expect(`${cause.message} ${JSON.stringify(cause)}`).not.toContain(secret);
      }
    }
    return error;
  };

  test("a link that is none, or is cut off, is reported before anything is sent", async () => {
    const { magicLink } = minted;
    const [page = ""] = magicLink.split("?");
    const faults = [
      "",
      "hello",
      account.credential,
      ams.url,
      page,
      `${page}?t=`,
      magicLink.slice(0, -1),
    ];
    for (const link of faults) {
      expect((await refusal(join(link))).code).toBe("invalid_link");
      expect((await refusal(sdk().inspect(link))).code).toBe("invalid_link");
    }
    expect((await refusal(join(page))).message).toContain("cut off");
  });

  test("§6.4 a link with a wrong token, and one to nowhere", async () => {
    const wrong = minted.magicLink.replace(/t=.*/, `t=${"w".repeat(43)}`);
    const nowhere = minted.magicLink.replace(minted.alias, "nowhere");
    expect(await refusal(join(wrong))).toMatchObject({
      code: "invalid_magic_link",
      closeCode: 4001,
    });
    expect(await refusal(sdk().inspect(wrong))).toMatchObject({
      code: "invalid_token",
      status: 403,
    });
    expect(await refusal(join(nowhere))).toMatchObject({
      code: "conversation_not_found",
      closeCode: 4005,
    });
    expect(await refusal(sdk().inspect(nowhere))).toMatchObject({ code: "not_found", status: 404 });
  });

  test("a link that is expired, used up or revoked admits nobody", async () => {
    const brief = await account.mint({ expiresInS: 1 });
    const once = await account.mint({ maxJoins: 1 });
    await join(once.magicLink);
    expect((await refusal(join(once.magicLink))).code).toBe("invalid_magic_link");
    await account.newLink(minted.alias);
    expect((await refusal(join(minted.magicLink))).code).toBe("invalid_magic_link");
    // The deployment's clock decides: asked until it says so.
    const stillOpen = async () => {
      const error = await sdk()
        .inspect(brief.magicLink)
        .then(
          () => null,
          (reason: unknown) => reason,
        );
      return error === null;
    };
    while (await stillOpen()) await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await refusal(join(brief.magicLink))).code).toBe("invalid_magic_link");
    expect((await refusal(sdk().inspect(brief.magicLink))).code).toBe("invalid_token");
  });

  test("a credential that is half, strange or revoked", async () => {
    const { magicLink } = minted;
    const half = account.credential.slice(0, -3);
    expect((await refusal(join(magicLink, { credential: half }))).closeCode).toBeUndefined();
    expect(await refusal(join(magicLink, { credential: SOMEBODY }))).toMatchObject({
      code: "invalid_credential",
      closeCode: 4002,
    });
    const { credential } = account;
    await account.rotate({ graceS: 0 });
    expect((await refusal(join(magicLink, { credential }))).code).toBe("invalid_credential");
    const open = sdk().openAccount(ams.url, { credential });
    expect(await refusal(open)).toMatchObject({ code: "invalid_credential", status: 401 });
  });

  test("names that are taken or bad", async () => {
    const { namespace } = account;
    const { createAccount } = sdk();
    expect(await refusal(createAccount(ams.url, { namespace }))).toMatchObject({
      code: "namespace_taken",
      status: 409,
    });
    for (const bad of ["", "Ä", "v1", "x".repeat(64)]) {
      expect((await refusal(createAccount(ams.url, { namespace: bad }))).code).toBe(
        "invalid_namespace",
      );
    }
    const { alias } = minted;
    expect((await refusal(account.mint({ alias }))).code).toBe("alias_taken");
    expect((await refusal(account.inspect("nowhere"))).code).toBe("not_found");
    await join(minted.magicLink, { credential: account.credential, streamName: "mine" });
    const guest = { guest: true, streamName: "mine" } as const;
    expect((await refusal(join(minted.magicLink, guest))).code).toBe("stream_name_conflict");
  });

  test("a place that is not free", async () => {
    const { credential } = account;
    for (const streamName of ["a", "b"]) await join(minted.magicLink, { credential, streamName });
    const third = join(minted.magicLink, { credential, streamName: "c" });
    expect(await refusal(third)).toMatchObject({
      code: "account_concurrency_limit",
      closeCode: 4003,
    });
    await join(minted.magicLink);
    expect((await refusal(join(minted.magicLink))).code).toBe("conversation_subscriber_limit");
  });

  test("a web page, or other JSON, where AMS should be", async () => {
    const answers: readonly RequestListener[] = [
      (_, response) => response.setHeader("content-type", "text/html").end("<h1>Welcome</h1>"),
      (_, response) => response.writeHead(404, { "content-type": "text/html" }).end("<h1>404</h1>"),
      (_, response) => response.setHeader("content-type", "application/json").end('{"hello":1}'),
      (_, response) => response.writeHead(302, { location: "/login" }).end(),
    ];
    for (const answer of answers) {
      const url = await listen(createHttpServer(answer));
      const link = minted.magicLink.replace(ams.url, url);
      expect(["not_ams", "unreachable"]).toContain((await refusal(join(link))).code);
      const { createAccount, offer } = sdk();
      const codes = [
        (await refusal(createAccount(url, { namespace: "demo" }))).code,
        (await refusal(offer(url))).code,
      ];
      for (const code of codes) expect(["not_ams", "unreachable"]).toContain(code);
    }
  });

  test("nothing there, a name that no one has, and a port that no one may ask", async () => {
    const dead = `http://127.0.0.1:${await freePort()}`;
    const nameless = "http://ams.invalid";
    for (const url of [dead, nameless]) {
      const link = minted.magicLink.replace(ams.url, url);
      expect((await refusal(join(link))).code).toBe("unreachable");
      expect((await refusal(sdk().inspect(link))).code).toBe("unreachable");
    }
    for (const url of ["", "127.0.0.1:8080", "ws://127.0.0.1", "file:///etc"]) {
      expect((await refusal(sdk().offer(url))).code).toBe("invalid_argument");
    }
  });

  test("a server that hangs up, and one that says nothing", async () => {
    const rude = await listen(createTcpServer((socket) => socket.destroy()));
    const silent = await listen(createTcpServer(() => {}));
    const link = (url: string) => minted.magicLink.replace(ams.url, url);
    expect((await refusal(join(link(rude)))).code).toBe("unreachable");
    const timeoutMs = 100;
    expect((await refusal(sdk().inspect(link(silent), { timeoutMs }))).code).toBe("timeout");
    const signal = AbortSignal.timeout(timeoutMs);
    expect((await refusal(join(link(silent), { guest: true, signal }))).code).toBe("aborted");
  });

  test("§4.3 what is too large is refused here, and the connection goes on", async () => {
    const me = await join(minted.magicLink);
    const big = "x".repeat(65_537);
    expect((await refusal(me.send(big))).code).toBe("token_too_large");
    expect((await refusal(me.pipe(["a", big]))).code).toBe("token_too_large");
    expect((await refusal(me.setMetadata({ big }))).code).toBe("invalid_metadata");
    expect((await refusal(me.pipe([1] as never))).code).toBe("invalid_argument");
    expect((await refusal(me.pipe(7 as never))).code).toBe("invalid_argument");
    const deep = (levels: number): object => (levels === 1 ? {} : { a: deep(levels - 1) });
    expect((await refusal(me.setMetadata({ a: deep(127) }))).code).toBe("invalid_metadata");
    await me.setMetadata({ a: deep(126) });
    expect(await me.ping()).toBeGreaterThan(0);
    const broken = new Error("The model broke.");
    async function* model() {
      yield "a";
      throw broken;
    }
    expect(await refusal(me.pipe(model()))).toMatchObject({ code: "source_failed", cause: broken });
    const peer = await join(minted.magicLink);
    const heard = peer.text(me.streamName);
    for (const token of sdk().splitText(big)) await me.send(token);
    await me.close();
    expect((await all(heard)).join("")).toBe(big);
    expect((await refusal(me.send("late"))).code).toBe("closed");
  });
});
