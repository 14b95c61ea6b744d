import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { afterEach, expect, test } from "vitest";
import { join } from "../node.ts";
import { LINK_TOKEN } from "../testing/fake-broker.ts";
import { createAccount } from "./account.ts";
import { offer } from "./deployment.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The host and port of a server that ends with the test. */
async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => sockets.add(socket));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What all that ask say of this address. */
async function expectSentence(url: string, what: string): Promise<void> {
  const link = `${url}/demo/conversations/stand-up?t=${LINK_TOKEN}`;
  const asks = [() => offer(url), () => createAccount(url), () => join(link, { guest: true })];
  for (const ask of asks) {
    await expect(ask()).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringMatching(`^What answers at ${url} ${what} \\([A-Z_]+\\)\\.$`),
    });
  }
}

test("https where http is spoken is reported as such", async () => {
  const host = await listen(createHttpServer());
  await expectSentence(`https://${host}`, "doesn't speak https: is it http\\?");
});

test("a port that doesn't speak HTTP is reported as such", async () => {
  const host = await listen(createServer((socket) => void socket.write("SSH-2.0-OpenSSH_9.2\r\n")));
  await expectSentence(`http://${host}`, "doesn't speak HTTP");
});

test("a port that hangs up is reported as such, whenever it does so", async () => {
  const atOnce = await listen(createServer((socket) => void socket.destroy()));
  const asked = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
  const polite = createServer((socket) => socket.once("data", () => socket.end()));
  for (const host of [atOnce, await listen(asked), await listen(polite)]) {
    await expectSentence(`http://${host}`, "hangs up without an answer");
  }
});

test("a certificate that nobody vouches for is reported as such", async () => {
  const folder = mkdtempSync(joinPath(tmpdir(), "ams-sdk-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [joinPath(folder, "key.pem"), joinPath(folder, "cert.pem")];
  const make =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=ams";
  execFileSync("openssl", [...make.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" });
  const host = await listen(
    createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }),
  );
  await expectSentence(`https://${host}`, "has a certificate that isn't trusted");
});
