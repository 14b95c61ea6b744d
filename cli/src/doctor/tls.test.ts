import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Target, targetOf } from "./target.ts";
import { lookAtTls } from "./tls.ts";

const never = new AbortController().signal;

let folder: string;
let server: Server;
let target: Target;

/** A certificate of nobody, for a server that is nowhere else. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ams-tls-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const newCertificate = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
  execFileSync(
    "openssl",
    [...newCertificate, "-nodes", "-days", "30", "-keyout", key, "-out", cert, ...subject],
    { stdio: "ignore" },
  );
  server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  target = targetOf(`https://localhost:${Object(server.address()).port}`);
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("TLS", () => {
  test("a certificate of nobody whom this machine trusts is wrong, and the sentence says what to do", async () => {
    const finding = await lookAtTls({ ...target, host: "127.0.0.1" }, never, Date.now());
    expect(finding).toMatchObject({
      level: "wrong",
      code: "unreachable",
      figures: { protocol: "TLSv1.3", tls_error: expect.stringMatching(/SELF_SIGNED|ALTNAME/) },
    });
    expect(finding.sentence).toMatch(/NODE_EXTRA_CA_CERTS|other names/);
  });

  test("a port where nothing speaks TLS, or nothing at all, is reported", async () => {
    const gone = createServer().listen(0, "127.0.0.1");
    await once(gone, "listening");
    const { port } = Object(gone.address());
    gone.close();
    await once(gone, "close");
    const finding = await lookAtTls({ ...target, host: "127.0.0.1", port }, never, Date.now());
    expect(finding).toMatchObject({ level: "wrong", code: "unreachable" });
    expect(finding.sentence).toMatch(/^There is no TLS with 127\.0\.0\.1 \(ECONNREFUSED\)\.$/);
  });
});

describe("where to look", () => {
  test.each([
    ["http://a.example", "http://a.example", 80, null],
    ["https://a.example/", "https://a.example", 443, null],
    ["https://a.example:8443/ams/", "https://a.example:8443/ams", 8443, null],
    ["http://[::1]:8080", "http://[::1]:8080", 8080, null],
    [
      "http://a.example/ams/ns/conversations/x?t=y",
      "http://a.example/ams",
      80,
      "http://a.example/ams/ns/conversations/x?t=y",
    ],
  ])("%s", (text, url, port, link) => {
    expect(targetOf(text)).toMatchObject({ url, port, link });
  });

  test.each(["", "a.example", "ftp://a.example", "localhost:8080"])("%j is no address", (text) => {
    expect(() => targetOf(text)).toThrow(/begins with http/);
  });
});
