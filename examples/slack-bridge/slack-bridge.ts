// A Slack bridge: turns of a conversation become messages of a Slack channel, which grow as they
// are written, and what people write there becomes turns. It is a subscriber like any other.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { AmsError, type Connection, join, splitText, type Turn } from "@ams/client";
import { WebClient } from "@slack/web-api";

// chat.postMessage allows 1 a second and channel, chat.update 50 a minute (tier 3): one call each
// 1.3 s keeps both. A 429 in spite of that is the library's to wait for.
const PACE_MS = 1_300;
const MESSAGE_CHARACTERS_MAX = 3_900; // Slack shortens what is over 4,000.
const TURN_CHARACTERS_MAX = 39_000; // Ten messages; a longer turn is cut.
const TURNS_MAX = 100; // Slack is slower than agents: past these, turns are counted and left out.
const BODY_BYTES_MAX = 1_048_576;
const SIGNATURE_AGE_S_MAX = 300; // Somebody may have overheard an older one.
const EVENTS_KNOWN_MAX = 1_000; // Slack sends an event again that was answered late.

const { AMS_LINK, AMS_CREDENTIAL, SLACK_CHANNEL = "", SLACK_API_URL } = process.env;
const { SLACK_TOKEN = "", SLACK_SIGNING_SECRET = "", PORT = "8091" } = process.env;
const link = process.argv[2] ?? AMS_LINK;

/** A turn on its way to Slack: its text, and the message that shows it from `begin` on. */
type Shown = {
  from: string;
  text: string;
  isOver: boolean;
  begin: number;
  end: number;
  ts: string;
};
const turns: Shown[] = [];
let leftOut = 0;
/** Ids of events that were handled. */
const known = new Set<string>();
let wake = () => {};

try {
  if (link === undefined || !SLACK_CHANNEL || !SLACK_TOKEN || !SLACK_SIGNING_SECRET) {
    throw new AmsError("invalid_argument", "Usage: see examples/slack-bridge/README.md.");
  }
  await bridge(link);
} catch (error) {
  if (!(error instanceof AmsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

async function bridge(magicLink: string): Promise<void> {
  const me = await join(magicLink, { credential: AMS_CREDENTIAL, guest: true });
  const own = SLACK_API_URL === undefined ? {} : { slackApiUrl: SLACK_API_URL };
  const web = new WebClient(SLACK_TOKEN, { ...own, allowAbsoluteUrls: false });
  const server = createServer(async (request, response) => {
    const [status, body] = await answer(request, me).catch(() => [400, ""] as const);
    response.writeHead(status, { connection: "close" }).end(body);
  });
  server.listen(Number(PORT), "127.0.0.1", () => {
    const address = server.address();
    if (address !== null && typeof address === "object") {
      console.log(`Slack's request URL leads to http://127.0.0.1:${address.port}`);
    }
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => me.close());
  const writing = write(web, me);
  try {
    for await (const turn of me.turns()) void follow(turn);
  } finally {
    server.close();
    wake();
    await writing; // What was said is shown, also of a conversation that has ended.
  }
}

/** Keeps the text of a turn as it grows. */
async function follow({ from, stream }: Turn): Promise<void> {
  if (turns.length >= TURNS_MAX) {
    leftOut += 1;
    await stream.return?.();
    return;
  }
  const turn: Shown = { from, text: "", isOver: false, begin: 0, end: 0, ts: "" };
  turns.push(turn);
  try {
    for await (const piece of stream) {
      turn.text += piece;
      wake();
      if (turn.text.length <= TURN_CHARACTERS_MAX) continue;
      turn.text = `${turn.text.slice(0, TURN_CHARACTERS_MAX)} (cut)`;
      await stream.return?.();
      break;
    }
  } catch {
    turn.text += " (the rest is lost)";
  }
  turn.isOver = true;
  wake();
}

/** Brings Slack up to date, one call after the other, the oldest turn first; then what is left. */
async function write(web: WebClient, me: Connection): Promise<void> {
  let isOpen = true;
  me.closed.then(() => {
    isOpen = false;
    wake();
  });
  while (isOpen || turns.length > 0) {
    const turn = turns.find(({ text, end }) => end < text.length);
    if (turn !== undefined) {
      await put(web, turn).catch((error) => console.error(`Slack: ${error.message}`));
      await pause(PACE_MS);
    } else if (turns.every(({ isOver }) => !isOver)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (!isOpen) resolve();
      });
      if (!isOpen) turns.splice(0);
    }
    const unfinished = turns.filter(({ isOver, end, text }) => !isOver || end < text.length);
    turns.splice(0, turns.length, ...unfinished);
  }
}

/** One call: a new message, or the whole of one that has grown. */
async function put(web: WebClient, turn: Shown): Promise<void> {
  const rest = turn.text.slice(turn.begin);
  const shown = rest.slice(0, MESSAGE_CHARACTERS_MAX).replace(/[\uD800-\uDBFF]$/u, "");
  turn.end = turn.begin + shown.length;
  const missing = leftOut > 0 ? `\n(${leftOut} messages before this are left out)` : "";
  leftOut = 0;
  // Escaped, so that nothing is a mention: a stranger's <!channel> calls nobody.
  const text = `*${escaped(turn.from)}*: ${escaped(shown)}${missing}`;
  const message = { channel: SLACK_CHANNEL, text, unfurl_links: false };
  if (turn.ts === "") turn.ts = String((await web.chat.postMessage(message)).ts);
  else await web.chat.update({ ...message, ts: turn.ts });
  if (shown.length < rest.length) [turn.begin, turn.ts] = [turn.end, ""];
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Slack's events: a person's message in the channel becomes a turn of this stream. */
async function answer(
  request: IncomingMessage,
  me: Connection,
): Promise<readonly [number, string]> {
  const body = await read(request);
  if (body === null) return [413, ""];
  if (!isSigned(request, body)) return [401, ""];
  const { type, challenge, event, event_id } = JSON.parse(body);
  if (type === "url_verification") return [200, String(challenge)];
  const isMessage = event?.type === "message" && event.subtype === undefined && !event.bot_id;
  if (!isMessage || event.channel !== SLACK_CHANNEL || known.has(event_id)) return [200, ""];
  known.add(String(event_id));
  if (known.size > EVENTS_KNOWN_MAX) for (const first of known) if (known.delete(first)) break;
  await me.pipe(splitText(`${event.user}: ${event.text}`));
  return [200, ""];
}

async function read(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** `v0=` and the HMAC-SHA-256 of version, time and body, not older than 5 minutes. */
function isSigned({ headers }: IncomingMessage, body: string): boolean {
  const time = String(headers["x-slack-request-timestamp"]);
  if (!(Math.abs(Date.now() / 1_000 - Number(time)) <= SIGNATURE_AGE_S_MAX)) return false;
  const mac = createHmac("sha256", SLACK_SIGNING_SECRET).update(`v0:${time}:${body}`).digest("hex");
  const [given, right] = [String(headers["x-slack-signature"]), `v0=${mac}`].map(Buffer.from);
  return given?.length === right?.length && timingSafeEqual(given as Buffer, right as Buffer);
}
