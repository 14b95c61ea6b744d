// AMS for programs that speak webhooks: a signed POST to this server becomes a token, and each
// token of the others becomes a signed POST to your URL. It is a subscriber like any other, so AMS
// needs to know nothing of it.
import { isUtf8 } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { AmsError, type Connection, join, type TokenEvent } from "@ams/client";

const BODY_BYTES_MAX = 65_536; // As many as a token may have.
// When your URL is slower than the conversation, what comes on top is dropped.
const WAITING_TOKENS_MAX = 1_000;
const ATTEMPTS_MAX = 5;
const FIRST_RETRY_MS = 200; // Doubled with each attempt.
const ANSWER_MS_MAX = 5_000;
const NO_ANSWER = 0;
const SIGNATURE_AGE_S_MAX = 300; // Somebody may have overheard an older one.

const { AMS_LINK, AMS_CREDENTIAL, WEBHOOK_URL = "", WEBHOOK_SECRET = "" } = process.env;
const link = process.argv[2] ?? AMS_LINK;
const port = Number(process.env.PORT ?? 8090);

// Settled when everything that came so far is delivered or given up.
let deliveries = Promise.resolve();
let waiting = 0;
let dropped = 0;

try {
  if (link === undefined || WEBHOOK_SECRET === "" || !URL.canParse(WEBHOOK_URL) || !isPort(port)) {
    fail("Usage: WEBHOOK_URL=… WEBHOOK_SECRET=… npx tsx …/webhook-wrapper.ts '<magic link>'.");
  }
  await wrap(link);
} catch (error) {
  if (!(error instanceof AmsError)) throw error;
  fail(error.message);
}

async function wrap(magicLink: string): Promise<void> {
  // With a credential it speaks as that account, without one as a guest.
  const me = await join(magicLink, { credential: AMS_CREDENTIAL, guest: true, receipts: true });
  me.on("token", deliverLater);

  const server = createServer(async (request, response) => {
    // It fails when the sender goes away in the middle of a body; nobody is left to read the answer
    // then.
    const status = await accept(request, me).catch(() => 400);
    response.writeHead(status).end();
  });
  server.once("error", () => fail(`Port ${port} can't be used: set PORT to another one.`));
  server.listen(port, "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") {
      console.log(`POST to http://127.0.0.1:${address.port} to speak as ${me.streamName}`);
    }
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => me.close());
  const error = await me.closed;
  server.close();
  await deliveries;
  if (error !== null) throw error;
}

/** In: a POST becomes a token. Gives the status of the answer; 202 says that the broker has it. */
async function accept(request: IncomingMessage, me: Connection): Promise<number> {
  if (request.method !== "POST") return 405;
  const body = await read(request);
  if (body === null) return 413;
  if (!isSigned(request, body)) return 401;
  if (!isUtf8(body)) return 400;
  try {
    await me.send(body.toString(), { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    return 202;
  } catch (error) {
    if (error instanceof AmsError) return 503; // Whoever sends it may try again.
    throw error;
  }
}

async function read(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes <= BODY_BYTES_MAX ? Buffer.concat(chunks) : null;
}

/** Out: one after the other, so that order is kept. */
function deliverLater(token: TokenEvent): void {
  if (waiting === WAITING_TOKENS_MAX) {
    dropped += 1;
    return;
  }
  waiting += 1;
  deliveries = deliveries.then(async () => {
    if (!(await deliver(token))) dropped += 1;
    waiting -= 1;
  });
}

async function deliver({ streamId, streamName, seq, ts, data }: TokenEvent): Promise<boolean> {
  // `stream_id` and `seq` together name the token: a receiver that has seen them before has it
  // already.
  const body = JSON.stringify({ stream_id: streamId, stream_name: streamName, seq, ts, data });
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    if (attempt > 0) await pause(FIRST_RETRY_MS * 2 ** (attempt - 1));
    const status = await post(body);
    if (status >= 200 && status < 300) return true;
    const mayChange = status === NO_ANSWER || status === 429 || status >= 500;
    if (!mayChange) return false;
  }
  return false;
}

/** The status of the answer. */
async function post(body: string): Promise<number> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const headers = {
    "content-type": "application/json",
    "x-timestamp": timestamp,
    "x-signature": signature(timestamp, body),
    // How many tokens were not delivered so far: what is lost is reported.
    "x-dropped": String(dropped),
  };
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  return fetch(WEBHOOK_URL, { method: "POST", headers, body, redirect: "manual", signal }).then(
    (response) => response.status,
    () => NO_ANSWER,
  );
}

/** Both ways: hex HMAC-SHA-256 of the time, a dot and the body. */
function signature(timestamp: string, body: string | Buffer): string {
  return createHmac("sha256", WEBHOOK_SECRET).update(`${timestamp}.`).update(body).digest("hex");
}

function isSigned({ headers }: IncomingMessage, body: Buffer): boolean {
  const timestamp = String(headers["x-timestamp"]);
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (!(age <= SIGNATURE_AGE_S_MAX)) return false;
  const given = Buffer.from(String(headers["x-signature"]));
  const wanted = Buffer.from(signature(timestamp, body));
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 0 && number < 65_536;
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}
