import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Standalone, startStandalone } from "../standalone.ts";
import { type Fields, Home, jsonLines } from "./ams.ts";

let ams: Standalone;
let home: Home;

beforeAll(async () => {
  ams = await startStandalone();
  home = new Home();
});
afterAll(async () => {
  home.remove();
  await ams.stop();
});

async function doctor(...words: readonly string[]) {
  const { code, stdout } = await home.run(["doctor", ...words, "--json"]);
  const findings = jsonLines(stdout);
  const wrong = findings.filter(({ level }) => level === "wrong");
  return { code, findings, wrong, checks: findings.map(({ check }) => check) };
}

describe("ams doctor", () => {
  test("finds nothing wrong with a deployment in order, and leaves nothing behind", async () => {
    const { code, checks, wrong, findings } = await doctor(ams.url);
    expect([code, wrong]).toEqual([0, []]);
    expect(checks).toEqual([
      ...["address", "reachable", "ams", "clock", "websocket", "latency", "self-test"],
    ]);
    expect(figureOf(findings, "latency", "ping_median_ms")).toBeGreaterThan(0);
    expect(figureOf(findings, "ams", "version")).toMatch(/^\d+\.\d+\.\d+/);
  });

  test("uses the account that there is, and deletes its conversation", async () => {
    const owner = new Home();
    await owner.run(["account", "create", "owner", "--url", ams.url]);
    const { code, stdout } = await owner.run(["doctor"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ self-test +6 tokens arrived whole and in order/);
    expect(await owner.json(["list"])).toEqual([]);
    owner.remove();
  });

  test("looks at a link without joining by it, and says what is wrong with one", async () => {
    const owner = new Home();
    await owner.run(["account", "create", "linker", "--url", ams.url]);
    const { magic_link: link } = await owner.one([
      "mint",
      "--alias",
      "looked-at",
      "--max-joins",
      "1",
    ]);
    const fine = await doctor(String(link));
    expect([fine.code, fine.wrong]).toEqual([0, []]);
    expect(fine.checks).toContain("link");
    // The one join that the link has is still there.
    expect((await owner.run(["send", String(link), "hello"])).code).toBe(0);
    const wrong = await doctor(String(link).replace(/.{4}$/, "AAAA"));
    expect(wrong.code).toBe(4);
    expect(wrong.wrong).toMatchObject([{ check: "link", error: "invalid_token" }]);
    owner.remove();
  });

  test("--no-self-test makes nothing", async () => {
    const { code, checks } = await doctor(ams.url, "--no-self-test");
    expect(code).toBe(0);
    expect(checks).not.toContain("self-test");
  });

  test("where nobody may have an account the self-test is left out, and nothing is wrong", async () => {
    const closed = await startStandalone({ AMS_SIGNUP: "closed" });
    const { code, findings } = await doctor(closed.url);
    expect(code).toBe(0);
    expect(findings.at(-1)).toMatchObject({ check: "self-test", level: "note" });
    await closed.stop();
  });

  test("where nothing listens it ends with 5 and says so", async () => {
    const gone = await startStandalone();
    await gone.stop();
    const { code, wrong } = await doctor(gone.url);
    expect(code).toBe(5);
    expect(wrong).toMatchObject([{ check: "reachable", network_error: "ECONNREFUSED" }]);
    expect(wrong[0]?.message).toMatch(/^Nothing listens at /);
  });

  test("a port that accepts and hangs up at once ends with 5 and says so", async () => {
    const server = createTcpServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { code, wrong } = await doctor(`http://127.0.0.1:${Object(server.address()).port}`);
    expect(code).toBe(5);
    expect(wrong).toMatchObject([{ check: "reachable", error: "unreachable" }]);
    server.close();
  });

  test("https:// where there is no TLS ends with 5 and says so", async () => {
    const { code, wrong } = await doctor(ams.url.replace("http:", "https:"));
    expect(code).toBe(5);
    expect(wrong[0]?.message).toMatch(/doesn't speak TLS: should the address begin with http:/);
  });

  test("no address ends with 2", async () => {
    const { code, stderr } = await home.run(["doctor", "localhost:8080"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^ams: The address of a deployment.*\.\n$/);
  });
});

describe("ams doctor, with something in between", () => {
  test("a web page instead of AMS ends with 5", async () => {
    const { server, url } = await serve((_request, response) => response.end("<h1>Welcome</h1>"));
    const { code, wrong } = await doctor(url);
    expect(code).toBe(5);
    expect(wrong).toMatchObject([{ check: "ams", error: "not_ams" }]);
    server.close();
  });

  test("a proxy that hands on no WebSocket ends with 5 and names the headers", async () => {
    const { server, url } = await serve((incoming, response) => forward(incoming, response, {}));
    server.on("upgrade", (_request, socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    const { code, wrong } = await doctor(url);
    expect(code).toBe(5);
    expect(wrong).toMatchObject([{ check: "websocket", error: "websocket_blocked" }]);
    expect(wrong[0]?.message).toMatch(/Upgrade and Connection/);
    server.close();
  });

  test("a clock that is an hour off ends with 8 and says which way", async () => {
    const date = new Date(Date.now() + 3_600_000).toUTCString();
    const { server, url } = await serve((incoming, response) =>
      forward(incoming, response, { date }),
    );
    server.on("upgrade", (incoming, socket, head) => {
      const { host = "", port = "" } = { host: "127.0.0.1", port: new URL(ams.url).port };
      const through = connect(Number(port), host, () => {
        const headers = incoming.rawHeaders.reduce(
          (text, word, index) => text + word + (index % 2 === 0 ? ": " : "\r\n"),
          "",
        );
        through.write(`GET ${incoming.url} HTTP/1.1\r\n${headers}\r\n`);
        through.write(head);
        through.pipe(socket).pipe(through);
      });
      socket.on("error", () => through.destroy());
      through.on("error", () => socket.destroy());
    });
    const { code, wrong, findings } = await doctor(url, "--no-self-test");
    expect(code).toBe(8);
    expect(wrong).toMatchObject([{ check: "clock", error: "clock_skew" }]);
    expect(wrong[0]?.message).toMatch(/^This machine's clock is 3\d{3} s behind the deployment's/);
    expect(findings.find(({ check }) => check === "websocket")?.level).toBe("ok");
    server.close();
  });
});

type Handler = Parameters<typeof createServer>[1];

async function serve(handler: Handler): Promise<{ server: Server; url: string }> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  return { server, url: `http://127.0.0.1:${Object(server.address()).port}` };
}

/** Hands an HTTP request on to the deployment, and puts headers over its answer's. */
const forward = (
  incoming: import("node:http").IncomingMessage,
  response: import("node:http").ServerResponse,
  headers: Readonly<Record<string, string>>,
) => {
  const { method, url = "/", headers: given } = incoming;
  const onward = request(ams.url + url, { method, headers: given }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...headers });
    answer.pipe(response);
  });
  incoming.pipe(onward);
};

function figureOf(findings: readonly Fields[], check: string, figure: string): unknown {
  return findings.find((finding) => finding.check === check)?.[figure];
}
