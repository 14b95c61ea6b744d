import { createServer, request, type Server } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { findChromium, openPage } from "./browser.ts";
import { hears, mintAtHome, say, startTinCan, type TinCan } from "./tincan.ts";
import { joinByWire } from "./wire.ts";

describe.skipIf(findChromium() === null)("behind a proxy", () => {
  let tincan: TinCan;
  let proxy: Server;
  let publicUrl = "";
  beforeAll(async () => {
    const port = await freePort();
    publicUrl = `http://localhost:${port}/ams`;
    tincan = await startTinCan({ AMS_PUBLIC_URL: publicUrl });
    proxy = await startProxy(port, new URL(tincan.ams.url));
  });
  afterAll(async () => {
    proxy.closeAllConnections();
    proxy.close();
    await tincan.stop();
  });

  test("§1.5 below a path of another host everything works, and links are those of the public URL", async () => {
    const context = await tincan.browser.newContext();
    const { page, faults } = await openPage(context, publicUrl);
    await page.goto(`${publicUrl}/`);
    const link = await mintAtHome(page);
    expect(link).toContain(`${publicUrl}/`);
    const peer = await joinByWire(link, "peer-1");
    await say(page, "through the proxy");
    await peer.frame((frame) => frame.includes("through the proxy"));
    await page.goto(link);
    peer.token("and back");
    await page.locator(".side .self").waitFor();
    peer.token("and forth");
    await hears(page, "and forth");
    expect(faults).toEqual([]);
  });

  test("§1.5 who comes by the deployment's other name is served by that one, and hands on the public link", async () => {
    const { page, faults } = await tincan.visit(tincan.ams.url);
    const link = await mintAtHome(page);
    expect(link).toContain(`${publicUrl}/`);
    const peer = await joinByWire(link, "peer-1");
    peer.token("one conversation");
    await hears(page, "one conversation");
    expect(faults).toEqual([]);
  });
});

/** Takes `/ams` off the path and hands everything on, upgrades too. */
async function startProxy(port: number, to: URL): Promise<Server> {
  const own = (path = "/") => path.replace(/^\/ams/, "");
  const server = createServer((incoming, response) => {
    const { method, headers } = incoming;
    const { hostname: host, port: toPort } = to;
    const options = { host, port: toPort, path: own(incoming.url), method, headers };
    const outgoing = request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on("upgrade", (incoming, socket, head) => {
    const upstream = connect(Number(to.port), to.hostname);
    const lines = Object.entries(incoming.headers).map(
      ([name, value]) => `${name}: ${String(value)}`,
    );
    upstream.write(`GET ${own(incoming.url)} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    upstream.write(head);
    socket.pipe(upstream).pipe(socket);
    for (const side of [socket, upstream]) side.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(port, "localhost", resolve));
  return server;
}
