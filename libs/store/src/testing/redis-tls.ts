/** Redis over TLS for tests: a certificate of this machine, made by openssl. Tests only. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, type RedisServer, startRedisServer } from "./redis-server.ts";

/** Files of a certificate that is its own authority, good for loopback. */
export type TlsFiles = { readonly cert: string; readonly key: string };

const execute = promisify(execFile);

/** Makes a certificate in this folder. Needs `openssl` on PATH. */
export async function makeCertificate(folder: string): Promise<TlsFiles> {
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const out = ["-days", "2", "-keyout", files.key, "-out", files.cert];
  await execute("openssl", ["req", "-x509", ...curve, ...names, ...out]);
  return files;
}

/** What a server needs to speak TLS on its `--tls-port`; clients show no certificate. */
export function tlsArgs({ cert, key }: TlsFiles): readonly string[] {
  const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
  return [...files, "--tls-auth-clients", "no"];
}

/** A server with two ports: the plain one, for the test itself, and one that speaks TLS. */
export async function startTlsRedis(
  files: TlsFiles,
): Promise<{ readonly server: RedisServer; readonly url: string }> {
  const port = await freePort();
  const server = await startRedisServer({ args: ["--tls-port", `${port}`, ...tlsArgs(files)] });
  return { server, url: `rediss://127.0.0.1:${port}` };
}
