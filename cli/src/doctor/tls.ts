/** The certificate of a deployment, looked at by a handshake that sends nothing. */
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { type Finding, fine, noted, wrong } from "./finding.ts";
import type { Target } from "./target.ts";

/** Milliseconds for the handshake. */
const HANDSHAKE_MS = 10_000;
/**
 * Days before its end from which on a certificate is worth a note: renewals usually happen 30 days
 * before.
 */
const EXPIRES_SOON_DAYS = 14;
const DAY_MS = 86_400_000;

export async function lookAtTls(
  target: Target,
  signal: AbortSignal,
  now: number,
): Promise<Finding> {
  const { host, port } = target;
  try {
    const socket = await handshake(target, signal);
    const finding = findingOf(socket, host, now);
    socket.destroy();
    return finding;
  } catch (error) {
    const code = String(Object(error).code ?? "");
    const speaksNoTls = /SSL|EPROTO|WRONG_VERSION/.test(code);
    return wrong(
      "tls",
      "unreachable",
      speaksNoTls
        ? `Port ${port} of ${host} doesn't speak TLS: should the address begin with http://?`
        : `There is no TLS with ${host} (${code || "no answer"}).`,
    );
  }
}

function handshake({ host, port }: Target, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ALPNProtocols: ["http/1.1"],
      // To say what is wrong with a certificate it has to be looked at; nothing is sent over this
      // connection.
      rejectUnauthorized: false,
      timeout: HANDSHAKE_MS,
    });
    const stop = () => socket.destroy(Object.assign(new Error("stopped"), { code: "ABORTED" }));
    signal.addEventListener("abort", stop, { once: true });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("timeout", () =>
      socket.destroy(Object.assign(new Error("late"), { code: "ETIMEDOUT" })),
    );
    socket.on("error", reject);
    socket.once("close", () => signal.removeEventListener("abort", stop));
  });
}

function findingOf(socket: TLSSocket, host: string, now: number): Finding {
  const { valid_to: validTo } = socket.getPeerCertificate();
  const protocol = socket.getProtocol() ?? "TLS";
  const figures = { protocol, certificate_valid_to: validTo };
  if (!socket.authorized) {
    const code = String(Object(socket.authorizationError).code ?? socket.authorizationError);
    return wrong("tls", "unreachable", sentenceOf(code, host, validTo), {
      ...figures,
      tls_error: code,
    });
  }
  const days = Math.floor((Date.parse(validTo) - now) / DAY_MS);
  const sentence = `${protocol}; the certificate holds for ${days} days more`;
  return days < EXPIRES_SOON_DAYS
    ? noted("tls", sentence, figures)
    : fine("tls", sentence, figures);
}

function sentenceOf(code: string, host: string, validTo: string): string {
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return `The certificate of ${host} ended on ${validTo}.`;
    case "CERT_NOT_YET_VALID":
      return `The certificate of ${host} is not valid yet: is this machine's clock right?`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `The certificate is not one of ${host} but of other names.`;
    default:
      return `The certificate of ${host} is of nobody whom this machine trusts (${code}): NODE_EXTRA_CA_CERTS can name the file of a CA of your own.`;
  }
}
